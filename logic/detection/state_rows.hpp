#pragma once

#include "logic/core/little_endian.hpp"
#include "logic/detection/address_state.hpp"
#include "logic/detection/state_codec.hpp"
#include "logic/detection/user_state.hpp"

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// Rows of users and addresses as bytes: field after field, without padding.
namespace millrace::logic::detection {

template <class State, class Visit>
requires std::same_as<std::remove_const_t<State>, UserState>
constexpr void visit_fields(State& state, Visit&& visit) {
  visit(state.user_hash);
  visit(state.last_seen_ms);
  visit(state.latitude);
  visit(state.longitude);
  visit(state.located_at_s);
  for (auto& device : state.devices)
    visit(device);
  for (auto& country : state.countries)
    visit(country);
  visit(state.logins);
  visit(state.address);
  for (auto& count : state.slot_logins)
    visit(count);
  for (auto& count : state.slot_failures)
    visit(count);
  visit(state.device_count);
  visit(state.failures);
  visit(state.success_told);
  visit(state.late);
}

template <class State, class Visit>
requires std::same_as<std::remove_const_t<State>, AddressState>
constexpr void visit_fields(State& state, Visit&& visit) {
  visit(state.address_hash);
  for (auto& users : state.failed_users)
    for (auto& word : users.words())
      visit(word);
  visit(state.half);
  for (auto& count : state.failures)
    visit(count);
  for (auto& count : state.successes)
    visit(count);
  visit(state.late);
}

/// Whether the rules can have left such a row behind: they rely on it.
inline bool is_possible(const UserState& state) noexcept {
  // Times of up to 2^53 ms are exact as doubles.
  constexpr auto last_time = std::int64_t{1} << 53;
  return state.device_count <= UserState::max_devices
         && state.last_seen_ms >= -1 && state.last_seen_ms <= last_time
         && std::abs(state.latitude) <= 90.0F
         && std::abs(state.longitude) <= 180.0F;
}

inline bool is_possible(const AddressState&) noexcept {
  return true;
}

template <class Row>
inline constexpr std::size_t row_bytes = [] {
  std::size_t bytes = 0;
  Row row;
  visit_fields(row, [&bytes](const auto& field) { bytes += sizeof field; });
  return bytes;
}();

// Whoever adds a field visits it above, and raises `state_format_version`. The
// rows of users have no padding that could hide one.
static_assert(row_bytes<UserState> == 64
              && row_bytes<UserState> == sizeof(UserState));
static_assert(row_bytes<AddressState> == 53 && sizeof(AddressState) == 56);

template <class Row>
char* store_row(char* to, const Row& row) noexcept {
  visit_fields(row, [&to]<class Field>(const Field& field) {
    if constexpr (std::same_as<Field, bool>)
      to = store_little_endian(to, static_cast<std::uint8_t>(field));
    else
      to = store_little_endian(to, field);
  });
  return to;
}

/// False where no row can be so.
template <class Row>
bool load_row(const char* from, Row& row) noexcept {
  visit_fields(row, [&from]<class Field>(Field& field) {
    if constexpr (std::same_as<Field, bool>)
      field = load_little_endian<std::uint8_t>(from) != 0;
    else
      field = load_little_endian<Field>(from);
    from += sizeof field;
  });
  return is_possible(row);
}

/// How the records with rows of one kind are called.
template <class Row>
struct StateKinds;
template <>
struct StateKinds<UserState> {
  static constexpr auto page = StateKind::users;
  static constexpr auto changes = StateKind::user_changes;
};
template <>
struct StateKinds<AddressState> {
  static constexpr auto page = StateKind::addresses;
  static constexpr auto changes = StateKind::address_changes;
};

/// A row with its place in the table and when it was last seen.
template <class Row>
inline constexpr std::size_t entry_bytes = 4 + 4 + row_bytes<Row>;

/// Capacity of the table, number of rows.
inline constexpr std::size_t rows_head_bytes = 4 + 4;

template <class Row>
inline constexpr std::size_t sets_per_page
  = (max_state_record_bytes - state_head_bytes - rows_head_bytes)
    / (RecencyTable<Row>::ways * entry_bytes<Row>);

/// As many as a page can have; a record of changes has no more.
template <class Row>
inline constexpr std::size_t rows_per_page
  = sets_per_page<Row>* RecencyTable<Row>::ways;

template <class Row>
std::size_t pages_of(std::size_t capacity) noexcept {
  return (capacity + rows_per_page<Row> - 1) / rows_per_page<Row>;
}

/// A record with rows, while it is written.
template <class Row>
class RowsRecord {
public:
  explicit RowsRecord(const StateHead& head) : head_(head) {}

  std::size_t rows() const noexcept { return rows_; }
  bool full() const noexcept { return rows_ == rows_per_page<Row>; }

  void add(const RecencyTable<Row>& table, std::size_t place) {
    if (rows_ == 0)
      begin(static_cast<std::uint32_t>(table.capacity()));
    std::array<char, entry_bytes<Row>> entry;
    auto* to = store_little_endian(entry.data(),
                                   static_cast<std::uint32_t>(place));
    to = store_little_endian(to, table.seen(place));
    store_row(to, table.row(place));
    value_.append(entry.data(), entry.size());
    ++rows_;
  }

  /// The record and its checksum; begins anew.
  std::pair<StateRecord, std::uint64_t> finish(const StateKey& key) {
    store_little_endian(value_.data() + state_head_bytes + 4,
                        std::exchange(rows_, 0U));
    StateRecord record{encode_key(key), std::exchange(value_, {})};
    const auto checksum = seal_value(record.key, record.value);
    return {std::move(record), checksum};
  }

private:
  void begin(std::uint32_t capacity) {
    value_ = begin_value(head_);
    append_little_endian(value_, capacity);
    append_little_endian(value_, std::uint32_t{0});
  }

  StateHead head_;
  std::string value_;
  std::uint32_t rows_ = 0;
};

/// Whether the body of a record with rows is as long as it says.
template <class Row>
bool has_all_rows(std::string_view body) noexcept {
  ByteReader reader{body};
  reader.take<std::uint32_t>();
  const auto rows = reader.take<std::uint32_t>();
  return !reader.ran_short()
         && rows
              <= rows_per_page<Row> && reader.left() == rows * entry_bytes<Row>;
}

/// Calls `visit` with place, time seen and bytes of each row in a body that
/// `has_all_rows`.
template <class Row, class Visit>
void visit_entries(std::string_view body, Visit&& visit) {
  for (body.remove_prefix(rows_head_bytes); !body.empty();
       body.remove_prefix(entry_bytes<Row>))
    visit(load_little_endian<std::uint32_t>(body.data()),
          load_little_endian<std::uint32_t>(body.data() + 4), body.data() + 8);
}

} // namespace millrace::logic::detection
