#include "actors/supervision/supervision_config.hpp"

#include <string>
#include <utility>

namespace millrace::actors {

void describe(logic::SettingVisitor& visitor, SupervisionConfig& config) {
  visitor.section("supervision",
                  "How failed actors are found and started anew.");
  visitor.setting({.name = "heartbeat_interval",
                   .help = "How often actors are asked for a sign of life: "
                           "all but the trainer and the background tasks, "
                           "which may be at one thing for long.",
                   .min = 10,
                   .max = 600'000},
                  &config.heartbeat_interval);
  visitor.setting({.name = "hang_deadline",
                   .help = "How long an actor that computes may owe a sign of "
                           "life before it is taken for hung and replaced.",
                   .min = 50,
                   .max = 3'600'000},
                  &config.hang_deadline);
  visitor.setting({.name = "client_hang_deadline",
                   .help = "The same for consumer and producer, which at times "
                           "wait for Kafka: for a last commit up to 5 s.",
                   .min = 50,
                   .max = 3'600'000},
                  &config.client_hang_deadline);
  visitor.setting({.name = "max_hung",
                   .help = "Hung actors hold a thread each, for which there "
                           "are so many spare ones. With more the node ends, "
                           "as only a new process gets threads back.",
                   .min = 0,
                   .max = 64},
                  &config.max_hung);
  visitor.setting(
    {.name = "restart_limit",
     .help = "More restarts in a group of actors than this within "
             "restart_window are a failure of the group; at the "
             "root the node ends with exit code 7.",
     .min = 0,
     .max = 1'000'000},
    &config.restart_limit);
  visitor.setting({.name = "restart_window",
                   .help = "The time in which restarts are counted.",
                   .min = 100,
                   .max = 86'400'000},
                  &config.restart_window);
  visitor.setting({.name = "restart_backoff",
                   .help = "Wait before the first restart (half of it to all, "
                           "by chance); doubles with each further one in the "
                           "window.",
                   .min = 0,
                   .max = 600'000},
                  &config.restart_backoff);
  visitor.setting({.name = "restart_backoff_max",
                   .help = "Longest wait before a restart.",
                   .min = 0,
                   .max = 3'600'000},
                  &config.restart_backoff_max);
}

std::vector<logic::Error> check(const SupervisionConfig& config) {
  std::vector<logic::Error> faults;
  for (const auto& [name, deadline] :
       {std::pair{"hang_deadline", config.hang_deadline},
        std::pair{"client_hang_deadline", config.client_hang_deadline}})
    if (deadline < config.heartbeat_interval)
      faults.push_back({logic::ErrorCode::invalid_config,
                        std::string{"supervision."} + name
                          + " must not be below "
                            "supervision.heartbeat_interval, or an actor that "
                            "is well is taken for hung"});
  return faults;
}

} // namespace millrace::actors
