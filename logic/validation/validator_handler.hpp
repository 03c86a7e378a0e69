#pragma once

#include "logic/records/output_members.hpp"
#include "logic/records/validated_batch.hpp"
#include "logic/validation/address_form.hpp"
#include "logic/validation/outcome_config.hpp"
#include "logic/validation/validation_config.hpp"
#include "logic/validation/validator_fault.hpp"

#include <boost/json/error.hpp>
#include <boost/json/string_view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Receives the events of Boost.JSON's SAX parser (`basic_parser`) for one
/// record after the other and fills a `LoginEvent`. Only top-level members
/// are looked at, and those on the way to the configured outcome; the first
/// fault in document order is kept. Not thread-safe.
class EventHandler {
public:
  using Code = boost::json::error_code;
  using Text = boost::json::string_view;

  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  EventHandler(ValidationConfig config, OutcomeConfig outcome,
               OutputMembers members);

  /// Before the records of a batch: where unescaped texts go, and the clock.
  void begin_batch(ValidatedBatch& batch, std::int64_t now_ms);

  /// Before each record. `document` is what the parser will read, `event` is
  /// new and is filled.
  void begin_record(std::string_view document, LoginEvent& event);

  /// After a parse without an error: the fault, if the event has one. Looks
  /// at required members, and fills in the time from Kafka's timestamp.
  std::optional<Fault> finish_record(std::int64_t kafka_timestamp_ms);

  /// Whether a parse that failed stopped inside `timestamp`.
  bool in_timestamp() const noexcept {
    return depth_ == 1 && field_ == Field::timestamp;
  }

  /// Positions, among the top-level members, of those that the output
  /// replaces.
  std::span<const std::uint32_t> replaced_members() const noexcept {
    return replaced_;
  }
  /// Whether one of them is this.
  bool replaces(OutputMember member) const noexcept {
    return (replaced_kinds_ & (1U << static_cast<unsigned>(member))) != 0;
  }
  /// Number of top-level members.
  std::uint32_t member_count() const noexcept { return members_; }

  const ValidationConfig& config() const noexcept { return config_; }

  // What follows is called by the parser.
  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) {
    begin_structure(true);
    return true;
  }
  bool on_object_end(std::size_t, Code&) {
    if (--depth_ < read_depth_)
      read_depth_ = std::max(depth_, root_depth);
    return true;
  }
  bool on_array_begin(Code&) {
    begin_structure(false);
    return true;
  }
  bool on_array_end(std::size_t, Code&) {
    --depth_;
    return true;
  }
  bool on_key_part(Text text, std::size_t, Code&) {
    if (depth_ == read_depth_)
      scratch_.append(text.data(), text.size());
    return true;
  }
  bool on_key(Text text, std::size_t total, Code&) {
    if (depth_ == read_depth_) {
      take_name(whole(text, total));
      scratch_.clear();
    }
    return true;
  }
  bool on_string_part(Text text, std::size_t, Code&) {
    if (wanted())
      scratch_.append(text.data(), text.size());
    return true;
  }
  bool on_string(Text text, std::size_t total, Code&) {
    if (wanted()) {
      take_text(whole(text, total));
      scratch_.clear();
    }
    return true;
  }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t value, Text text, Code&) {
    if (wanted())
      take_integer(static_cast<std::uint64_t>(value), text);
    return true;
  }
  bool on_uint64(std::uint64_t value, Text text, Code&) {
    if (wanted())
      take_integer(value, text);
    return true;
  }
  bool on_double(double, Text text, Code&) {
    if (wanted())
      take_number(text);
    return true;
  }
  bool on_bool(bool value, Code&) {
    if (wanted())
      take_bool(value);
    return true;
  }
  bool on_null(Code&) { return true; } // null is as good as absent
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }

private:
  /// Top-level members that are read; `other` has no meaning here.
  enum class Field : std::uint8_t {
    user_id,
    app_version,
    device_type,
    locale,
    device_id,
    ip,
    timestamp,
    login_status,
    success,
    outcome, ///< the configured outcome
    outcome_part, ///< an object on the way to it
    required, ///< required by the configuration, otherwise unread
    replaced, ///< written by the output
    other,
  };
  static constexpr std::uint32_t root_depth = 1; ///< of top-level members
  static constexpr auto none = static_cast<std::size_t>(-1);
  static constexpr std::size_t named_field_count = 9;

  static constexpr std::uint32_t bit(Field field) noexcept {
    return 1U << static_cast<unsigned>(field);
  }

  bool wanted() const noexcept {
    return depth_ == read_depth_ && field_ < Field::replaced;
  }
  void begin_structure(bool is_object) {
    if (wanted())
      take_structure(is_object);
    if (depth_ == 0)
      is_object_ = is_object;
    ++depth_;
  }

  /// The whole text that ends with `text`: one without escapes comes in one
  /// piece, as a view into the document; anything else is in the parser's own
  /// buffer, and is gathered in `scratch_`.
  std::string_view whole(Text text, std::size_t total) {
    // Numbers, because comparing unrelated pointers is unspecified.
    const auto distance = reinterpret_cast<std::uintptr_t>(text.data())
                          - reinterpret_cast<std::uintptr_t>(document_.data());
    if (distance < document_.size() && text.size() == total)
      return text;
    scratch_.append(text.data(), text.size());
    return scratch_;
  }
  bool in_scratch(std::string_view text) const noexcept {
    return text.data() == scratch_.data();
  }
  static Field known_field(std::string_view name) noexcept;
  Field field_named(std::string_view name) const noexcept;
  static std::string_view name_of(Field field) noexcept;
  static Exposure exposure_of(Field field) noexcept;

  void take_name(std::string_view name);
  void take_unread_name(std::string_view name, std::uint32_t member);
  void take_path_name(std::string_view name);
  void take_outcome_name(std::string_view name, bool is_outcome);
  void take_text(std::string_view text);
  void take_plain_text(std::string_view text, std::string_view& column);
  void take_user_id(std::string_view text);
  void take_address(std::string_view text);
  void take_outcome(std::string_view text);
  LoginStatus status_named(std::string_view text) const noexcept;
  void take_integer(std::uint64_t value, std::string_view text);
  void take_number(std::string_view text);
  void take_bool(bool value);
  void take_structure(bool is_object);
  void take_timestamp(std::string_view text);
  void take_seconds(std::uint64_t seconds, std::string_view text);
  void mark_present();
  bool holds_control_character(std::string_view text) const noexcept;
  std::string_view keep(std::string_view text) {
    return in_scratch(text) ? keep_unescaped() : text;
  }
  std::string_view keep_unescaped();

  void refuse(Fault fault);
  void refuse_duplicate(std::string_view name);
  void refuse_length(std::string_view text);
  void refuse_control_character(std::string_view text);
  void refuse_user_id(std::string_view text, std::string_view why);
  void take_other_address(std::string_view text);
  void refuse_timestamp(std::string_view text, std::string_view why);
  void refuse_type(std::string_view found, std::string_view value);
  bool lacks_member() const noexcept;
  Fault missing_member() const;

  ValidationConfig config_;
  AddressForms address_forms_;
  OutputMembers members_written_;
  /// The configured names: of fields that are read as bits, others by text.
  std::uint32_t required_fields_ = 0;
  std::vector<std::string> required_names_;
  std::string outcome_member_; ///< as configured, perhaps with dots
  std::vector<std::string> outcome_path_; ///< empty: the default members
  std::vector<std::string> success_values_; ///< in lower case
  std::vector<std::string> failure_values_; ///< in lower case

  ValidatedBatch* batch_ = nullptr;
  std::int64_t latest_ms_ = 0;

  std::string_view document_;
  LoginEvent* event_ = nullptr;
  std::optional<Fault> fault_;
  std::string scratch_;
  std::vector<std::uint32_t> replaced_;
  std::uint32_t replaced_kinds_ = 0; ///< bit per OutputMember
  std::vector<std::uint8_t> seen_names_; ///< parallel to required_names_
  std::vector<std::uint8_t> present_names_; ///< parallel to required_names_
  std::size_t required_index_ = none; ///< of a member that is required by name
  std::uint32_t depth_ = 0;
  /// Where members are read: at the top, or inside of an object that is on
  /// the way to the outcome.
  std::uint32_t read_depth_ = root_depth;
  std::uint32_t outcome_seen_ = 0; ///< bit per name of `outcome_path_`
  std::uint32_t members_ = 0;
  std::uint32_t seen_ = 0; ///< bit per Field
  std::uint32_t present_ = 0; ///< bit per Field: not null, not empty
  LoginStatus success_ = LoginStatus::unknown;
  Field field_ = Field::other;
  bool is_object_ = false;
  /// Whether the document has bytes of control characters, or of others that
  /// begin like them, besides those that JSON wants escaped.
  bool maybe_control_ = false;
};

} // namespace millrace::logic
