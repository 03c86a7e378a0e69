#pragma once

#include "adapters/files/file_descriptor.hpp"
#include "logic/core/result.hpp"
#include "logic/links/endpoint.hpp"

#include <optional>
#include <string>
#include <vector>

/// Addresses and sockets of links.
namespace millrace::adapters::links {

/// All addresses of a host, as numbers with the port; waits for the name
/// service. Empty where there is none or nobody answers.
std::vector<logic::links::Endpoint>
addresses_of(const logic::links::Endpoint& host);

/// A socket that listens, closed on exec and not blocking. The host may be an
/// address of this machine, a name of it, or "0.0.0.0" or "::" for all. The
/// error names address and reason.
logic::Result<FileDescriptor> listen_on(const logic::links::Endpoint& endpoint);

/// A socket that begins to connect to a numeric address and does not wait.
logic::Result<FileDescriptor>
begin_to_connect(const logic::links::Endpoint& endpoint);

/// Where the socket is bound to, as numbers.
std::optional<logic::links::Endpoint> local_endpoint(int socket);
/// Whom the socket is connected to, as numbers.
std::optional<logic::links::Endpoint> remote_endpoint(int socket);

/// The address of this machine that a packet to `peer` would come from; sends
/// nothing. Empty where there is no way to it.
std::string source_address(const logic::links::Endpoint& peer);

} // namespace millrace::adapters::links
