#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Variables that a node finds beside its own.
namespace millrace::node {

/// Whether Kubernetes made it for a Service: it puts a dozen variables into
/// every pod for every Service of its namespace, named after the Service
/// ("Environment variables" in its manual on Services). A Service that is
/// called kafka-bootstrap gives KAFKA_BOOTSTRAP_PORT=tcp://10.0.0.1:9092.
bool is_service_link(std::string_view name, std::string_view value);

/// A line for each group of variables that ask for something that is done
/// outside of the node (shipping logs, sending alerts): their names and where
/// it is done. Values are not repeated.
std::vector<std::string>
notes_on_work_of_others(const std::map<std::string, std::string>& environment);

/// What to write in place of a variable that Java clients read, as the end of
/// a sentence; empty for all others.
std::string_view replacement_of_java_variable(std::string_view name);

} // namespace millrace::node
