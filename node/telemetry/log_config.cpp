#include "node/telemetry/log_config.hpp"

namespace millrace::node {

void describe(logic::SettingVisitor& visitor, LogConfig& config) {
  visitor.section("log", "What the node says of itself. Lines go to stdout, "
                         "and to a file where one is named.");
  visitor.setting(
    {.name = "level",
     .help = "Lowest level that is written; warning is warn, critical is "
             "fatal. It can be changed at run time by "
             "PUT /log/level?value=debug from the same machine.",
     .choices = {"debug", "info", "warn", "error", "fatal", "warning",
                 "critical"},
     .variable = "LOG_LEVEL",
     .aliases = {"LEVEL"}},
    &config.level);
  visitor.setting({.name = "format",
                   .help = "JSON lines for collectors, plain text for people; "
                           "auto is plain on a terminal and json elsewhere. "
                           "The file is JSON unless this says plain.",
                   .choices = {"auto", "json", "plain"}},
                  &config.format);
  visitor.setting({.name = "file",
                   .help = "File to write to beside stdout; empty for none.",
                   .variable = "LOG_FILE_PATH"},
                  &config.file);
  visitor.setting({.name = "max_file_size",
                   .help = "Size at which the file is put aside as <file>.1.",
                   .min = 4096,
                   .max = 1e12},
                  &config.max_file_size);
  visitor.setting({.name = "max_files",
                   .help = "Files put aside that are kept; 0 empties the file "
                           "at its limit instead.",
                   .min = 0,
                   .max = 1000},
                  &config.max_files);
}

} // namespace millrace::node
