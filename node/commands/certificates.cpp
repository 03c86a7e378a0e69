#include "adapters/links/certificate_authority.hpp"
#include "node/commands/commands.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace millrace::node::commands {

namespace {

namespace links = adapters::links;

struct CertificateOptions {
  links::CertificateRequest request{
    .folder = "certificates", .nodes = {}, .further_names = {}};
  std::int64_t days = 365;
};

ExitCode make_certificates(CertificateOptions& options) {
  options.request.validity = std::chrono::days{options.days};
  const auto issued = links::issue_certificates(options.request);
  if (!issued) {
    std::cerr << "millrace certificates: " << issued.error().text << std::endl;
    return issued.error().code == logic::ErrorCode::invalid_argument
             ? ExitCode::usage
             : ExitCode::unavailable;
  }
  std::cout << (issued->made_ca ? "made the CA " : "used the CA ")
            << issued->ca_file << "\n";
  for (const auto& node : issued->nodes)
    std::cout << node.node << ": " << node.certificate_file << ", "
              << node.key_file << ", serial " << node.serial << "\n";
  std::cout << "On every node set link.ca_file, link.certificate_file and "
               "link.key_file; keep ca.key elsewhere: no node needs it."
            << std::endl;
  return ExitCode::success;
}

} // namespace

void add_certificates(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "certificates",
    "Make a private CA and certificates of nodes, for their links. A CA that "
    "the folder holds already signs further ones; nothing is written over. EC "
    "P-256, valid for both ends of a link; keys are readable by their owner "
    "only.");
  auto options = std::make_shared<CertificateOptions>();
  command
    ->add_option("names", options->request.nodes,
                 "names of nodes, a certificate each")
    ->required()
    ->type_name("NAME");
  command
    ->add_option("--folder", options->request.folder,
                 "where CA, certificates and keys are kept")
    ->type_name("FOLDER")
    ->capture_default_str();
  command
    ->add_option("--also", options->request.further_names,
                 "further DNS names and addresses of every node, such as "
                 "localhost,127.0.0.1")
    ->delimiter(',')
    ->allow_extra_args(false) // names of nodes may follow
    ->type_name("NAMES");
  command
    ->add_option("--days", options->days, "how long certificates are valid")
    ->check(CLI::Range(1, 3650))
    ->type_name("DAYS")
    ->capture_default_str();
  command->callback(
    [options, &outcome] { outcome = make_certificates(*options); });
}

} // namespace millrace::node::commands
