#pragma once

#include "logic/core/result.hpp"
#include "logic/geo/ip_address.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millrace::adapters::geoip {

class MmdbValue;
struct MmdbMember;

/// Members in the order in which they are written.
using MmdbMap = std::vector<MmdbMember>;
using MmdbArray = std::vector<MmdbValue>;

/// A value of the MaxMind DB format, of the types that location databases
/// use.
class MmdbValue {
public:
  using Variant
    = std::variant<std::string, double, float, std::uint16_t, std::uint32_t,
                   std::uint64_t, MmdbMap, MmdbArray>;

  MmdbValue(const char* text);
  MmdbValue(std::string_view text);
  MmdbValue(std::string text);
  MmdbValue(double number);
  MmdbValue(float number);
  MmdbValue(std::uint16_t number);
  MmdbValue(std::uint32_t number);
  MmdbValue(std::uint64_t number);
  MmdbValue(MmdbMap map);
  MmdbValue(MmdbArray array);

  const Variant& get() const noexcept { return value_; }

private:
  Variant value_;
};

struct MmdbMember {
  std::string name;
  MmdbValue value;
};

/// The shape of a database to write.
struct MmdbLayout {
  std::string database_type = "millrace";
  std::string description = "millrace";
  /// 4: only v4 networks. 6: both families, v4 under ::/96 (and reachable
  /// under ::ffff:0:0/96 too).
  int ip_version = 6;
  int record_bits = 28; ///< 24, 28 or 32
  std::uint64_t build_time_s = 1; ///< since 1970; libmaxminddb refuses 0
};

/// Builds a file in the MaxMind DB format, version 2.0
/// (https://maxmind.github.io/MaxMind-DB/), readable by libmaxminddb. Equal
/// values are written once. One thread.
class MmdbWriter {
public:
  explicit MmdbWriter(MmdbLayout layout);

  /// Maps the network of `address` and its first `prefix_bits` bits (0-32 for
  /// v4, 0-128 for v6; bits beyond are ignored) to `value`. A later network
  /// inside an earlier one, or around it, replaces what it covers.
  /// Error `invalid_argument` where the layout has no such family or prefix.
  logic::Result<void> insert(const logic::geo::IpAddress& address,
                             int prefix_bits, const MmdbValue& value);

  /// Error `unsupported` where the records are too small for the tree.
  logic::Result<std::string> to_bytes() const;

  /// By `write_whole_file`.
  logic::Result<void> write_file(const std::string& path) const;

private:
  /// A child is a node, a value, or nothing.
  struct Child {
    enum class Kind : std::uint8_t { nothing, node, value };
    Kind kind = Kind::nothing;
    std::uint32_t index = 0;
  };
  using Node = std::array<Child, 2>;

  static void place_child(std::vector<Node>& nodes,
                          const std::array<std::uint8_t, 16>& path,
                          int path_bits, Child child);
  static Child child_at(const std::vector<Node>& nodes,
                        const std::array<std::uint8_t, 16>& path,
                        int path_bits);
  std::uint32_t intern(const MmdbValue& value);
  void append_shared(std::string& out, const MmdbValue& value);
  std::vector<Node> nodes_with_alias() const;
  std::string metadata(std::size_t node_count) const;

  MmdbLayout layout_;
  std::vector<Node> nodes_;
  std::string data_;
  /// Encoded values by their bytes, to write each once.
  std::map<std::string, std::uint32_t, std::less<>> offsets_;
};

} // namespace millrace::adapters::geoip
