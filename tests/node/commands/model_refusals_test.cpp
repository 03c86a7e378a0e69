// What `millrace model` says to files that are of no use.

#define CAF_SUITE model_refusals

#include "tests/node/commands/model_command.hpp"

#include "tests/support/temporary_folder.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/resource.h>

using namespace millrace;
using namespace millrace::tests;
using node::ExitCode;

namespace {

/// A refusal that says all of these, and nothing else besides.
void check_refusal(const ModelOutcome& outcome, ExitCode code,
                   const std::vector<std::string>& words) {
  CAF_CHECK_EQUAL(to_int(outcome.code), to_int(code));
  CAF_CHECK_EQUAL(outcome.out, "");
  CAF_CHECK(outcome.err.starts_with("error: "));
  CAF_CHECK_EQUAL(outcome.err.find('\n'), outcome.err.size() - 1);
  for (const auto& word : words)
    if (!outcome.says(word))
      CAF_ERROR("'" << outcome.err << "' does not say '" << word << "'");
}

/// Neither command takes the file, and none leaves anything behind.
void check_input(const TemporaryFolder& folder, const std::string& input,
                 ExitCode code, std::vector<std::string> words) {
  words.push_back(input);
  const auto entries = folder.entries();
  for (const auto* command : {"train", "score"})
    check_refusal(
      run_model({command, "--input", input, "--output", folder / "output"}),
      code, words);
  CAF_CHECK_EQUAL(folder.entries(), entries);
}

std::string trained_model(const TemporaryFolder& folder,
                          std::string_view table = "a,b\n1,2\n3,4\n5,60\n") {
  const auto model = folder / "model.mlr";
  CAF_REQUIRE(run_model({"train", "--input", folder.write("table.csv", table),
                         "--output", model, "--trees", "5"})
                .code
              == ExitCode::success);
  return model;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// While it lives no file grows beyond this: as on a full disk.
class SmallDisk {
public:
  explicit SmallDisk(::rlim_t bytes) {
    CAF_REQUIRE_EQUAL(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    auto small = before_;
    small.rlim_cur = bytes;
    CAF_REQUIRE_EQUAL(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

private:
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
  ::rlimit before_{};
};

} // namespace

CAF_TEST(an_input_that_cannot_be_read_is_unavailable) {
  const TemporaryFolder folder;
  constexpr auto advice = "; --input names a numeric CSV, or login events";
  check_input(folder, folder / "absent.csv", ExitCode::unavailable,
              {"No such file or directory", advice});
  check_input(folder, folder.path(), ExitCode::unavailable,
              {"it is a directory", advice});
}

CAF_TEST(a_table_with_a_fault_is_refused_by_line_and_column) {
  const TemporaryFolder folder;
  struct Case {
    std::string_view text;
    std::string words;
  };
  for (const auto& [text, words] :
       {Case{"", "it is empty; a header of column names is expected"},
        {"\x89PNG\r\n\x1A\n\x01\x02,\x03",
         "line 2, column 1: '?' is not a number"},
        {"\x7F"
         "ELF\x02\x01\x01\n1\n",
         "line 1, column 1: this is no text; a header of column names is "
         "expected"},
        {"a,b\n1,2\n1,many\n",
         "line 3, column 2: 'many' is not a number; all below the header are"},
        {"a,b\n1,2\n\n1,2,3\n",
         "line 4, column 3: the line has 3 fields, the header 2; each line has "
         "one field per column"},
        {"a,b\n1,2\n1\n",
         "line 3, column 1: the line has 1 fields, the header 2; each line has "
         "one field per column"},
        {"1,2\n3,4\n",
         "line 1, column 1: the header has numbers only; put a line with the "
         "names of the columns on top"},
        {"a,label\n1,yes\n", "line 2, column 2: 'yes' is not a number"},
        {"a,label\n1,2\n", "line 2, column 2: '2' is no label; 0 or 1 is"},
        {"a,b\n", "there is no row below the header; give some"},
        {"a,b\n1,2\n", "1 rows given; at least 2 are needed"}})
    check_input(folder, folder.write("table.csv", text), ExitCode::failure,
                {": " + words});
}

CAF_TEST(too_few_events_are_refused_with_the_first_fault) {
  const TemporaryFolder folder;
  const auto few = "it has no more than 64 valid events, which only warm up; "
                   "give more";
  check_input(folder, folder.write("few.jsonl", login_lines(64)),
              ExitCode::failure, {few});
  auto lines = login_lines(30);
  lines += "{\"user_id\":\n" + login_lines(20) + "{}\n";
  const auto spoiled = folder.write("spoiled.jsonl", lines);
  check_input(folder, spoiled, ExitCode::failure,
              {few, "of 2 lines that are none the first is " + spoiled
                      + ":31: not_json"});
}

CAF_TEST(a_geoip_file_that_is_missing_is_unavailable) {
  const TemporaryFolder folder;
  const auto events = folder.write("events.jsonl", login_lines(100));
  const auto absent = folder / "absent.mmdb";
  check_refusal(run_model({"score", "--input", events, "--geoip", absent}),
                ExitCode::unavailable, {absent});
}

CAF_TEST(labels_of_one_class_allow_no_score_and_do_not_matter_to_a_fit) {
  const TemporaryFolder folder;
  for (const std::string label : {"0", "1"}) {
    const auto table = folder.write("table.csv", "a,label\n1," + label + "\n2,"
                                                   + label + "\n7," + label
                                                   + '\n');
    const auto scores = folder / "scores.csv";
    check_refusal(run_model({"score", "--input", table, "--output", scores}),
                  ExitCode::failure,
                  {table + ": all 3 labels are " + label,
                   "label outliers 1 and all else 0, or leave the column "
                   "'label' out"});
    CAF_CHECK(!std::filesystem::exists(scores));
    CAF_CHECK(
      run_model({"train", "--input", table, "--output", folder / "model.mlr"})
        .code
      == ExitCode::success);
  }
}

CAF_TEST(what_is_no_model_is_refused_by_info_and_score) {
  const TemporaryFolder folder;
  const auto model = trained_model(folder);
  const auto bytes = bytes_of(model);
  CAF_REQUIRE_GREATER(bytes.size(), 100u);
  auto flipped = bytes;
  flipped.back() ^= 1;
  auto newer = bytes;
  newer[8] = 9;
  const auto table = folder / "table.csv";
  const auto refused = [&](const std::string& path, ExitCode code,
                           const std::string& words) {
    const std::vector<std::string> said{path, words};
    check_refusal(run_model({"info", path}), code, said);
    check_refusal(run_model({"score", "--input", table, "--model", path}), code,
                  said);
  };
  const std::string advice = "; millrace model train writes one";
  refused(folder / "absent", ExitCode::unavailable,
          "No such file or directory" + advice);
  refused(folder.path(), ExitCode::unavailable,
          "it is not a regular file" + advice);
  refused(folder.write("empty", ""), ExitCode::failure,
          "the file is empty" + advice);
  refused(folder.write("foreign", "a,b\n1,2\n"), ExitCode::failure,
          "so it is not a millrace model" + advice);
  refused(folder.write("head", bytes.substr(0, 20)), ExitCode::failure,
          "the file ends after 20 bytes, within the header" + advice);
  refused(folder.write("cut", bytes.substr(0, bytes.size() - 1)),
          ExitCode::failure, "the header promises");
  refused(folder.write("flipped", flipped), ExitCode::failure,
          "does not match its checksum; the file was damaged" + advice);
  refused(folder.write("newer", newer), ExitCode::failure,
          "format version 9, this program reads version 1; train the model "
          "again\n");
}

CAF_TEST(a_model_of_other_columns_is_refused) {
  const TemporaryFolder folder;
  const auto model = trained_model(folder);
  const auto other = folder.write("other.csv", "a,c\n1,2\n3,4\n");
  check_refusal(run_model({"score", "--input", other, "--model", model}),
                ExitCode::failure,
                {other + ": its columns are not those that " + model
                   + " was fitted on: a b",
                 "leave --model out"});
}

CAF_TEST(an_output_that_cannot_be_written_leaves_nothing_behind) {
  const TemporaryFolder folder;
  const auto table = folder.write("table.csv", PlantedTable{}.csv());
  std::filesystem::create_directory(folder / "taken");
  struct Case {
    std::string output;
    std::string words;
  };
  for (const auto* command : {"train", "score"}) {
    for (const auto& [output, words] :
         {Case{folder / "no/folder/output", "No such file or directory"},
          Case{table + "/output", "Not a directory"},
          Case{folder / "taken", "Is a directory"},
          Case{"/dev/full", "No space left on device"}}) {
      const auto outcome = run_model(
        {command, "--input", table, "--output", output});
      CAF_CHECK(outcome.code == ExitCode::failure);
      CAF_CHECK_EQUAL(outcome.err, "error: cannot write " + output + ": "
                                     + words + "; choose another --output\n");
      CAF_CHECK(!outcome.says("wrote"));
    }
  }
  CAF_CHECK_EQUAL(folder.entries(), 2u);
  CAF_CHECK(std::filesystem::is_empty(folder / "taken"));
  CAF_CHECK(std::filesystem::is_character_file("/dev/full"));
}

CAF_TEST(a_full_disk_leaves_the_old_content) {
  const TemporaryFolder folder;
  const auto table = folder.write("table.csv", PlantedTable{}.csv());
  const auto output = folder.write("output", "of yesterday");
  for (const auto* command : {"train", "score"}) {
    ModelOutcome outcome;
    {
      const SmallDisk disk{1000};
      outcome = run_model({command, "--input", table, "--output", output});
    }
    CAF_CHECK(outcome.code == ExitCode::failure);
    CAF_CHECK(outcome.says("cannot write " + output + ": File too large"));
    CAF_CHECK_EQUAL(bytes_of(output), "of yesterday");
    CAF_CHECK_EQUAL(folder.entries(), 2u);
  }
}

CAF_TEST(a_command_line_that_is_wrong_is_explained) {
  const TemporaryFolder folder;
  const auto model = trained_model(folder);
  const auto table = folder / "table.csv";
  const std::vector<std::vector<std::string>> wrong{
    {},
    {"info"},
    {"train", "--input", table},
    {"train", "--output", model},
    {"train", "--input", table, "--output", model, "--trees", "0"},
    {"train", "--input", table, "--output", model, "--contamination", "0.6"},
    {"score", "--input", table, "--model", model, "--seeds", "3"}};
  for (const auto& words : wrong) {
    const auto outcome = run_model(words);
    CAF_CHECK(outcome.code == ExitCode::usage);
    CAF_CHECK_NOT_EQUAL(outcome.err, "");
  }
}
