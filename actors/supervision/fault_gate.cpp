#include "actors/supervision/fault_gate.hpp"

#include "actors/supervision/supervisor.hpp"
#include "logic/core/actor_table.hpp"
#include "messages/faults.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"
#include "messages/type_ids.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace millrace::actors {

namespace {

using logic::faults::FaultKind;
using messages::ArmGate;

/// The raw batch in a message that carries one, and its ticket.
struct Cargo {
  logic::BatchTicket ticket;
  logic::RecordBatchPtr raw;
};

template <class... Orders>
std::optional<Cargo>
cargo_in(const caf::message& content, std::tuple<Orders...>*) {
  std::optional<Cargo> cargo;
  const auto look = [&]<class Order>(const Order*) {
    if (!content.match_elements<Order>())
      return false;
    const auto& order = content.get_as<Order>(0);
    if (auto raw = order.raw())
      cargo = Cargo{order.ticket, std::move(raw)};
    return true;
  };
  static_cast<void>((look(static_cast<const Orders*>(nullptr)) || ...));
  return cargo;
}

std::optional<Cargo> cargo_of(const caf::message& content) {
  return cargo_in(content, static_cast<messages::BatchOrders*>(nullptr));
}

bool holds(const logic::RecordBatch& batch, const std::string& match) {
  for (std::size_t index = 0; index != batch.size(); ++index)
    if (const auto value = batch[index].value;
        value && value->find(match) != std::string_view::npos)
      return true;
  return false;
}

/// A copy with one element less than there must be, which keeps the original
/// alive: the copy's views go there.
template <class T, class Shorten>
std::shared_ptr<const T>
garbled(const std::shared_ptr<const T>& original, Shorten&& shorten) {
  auto both = std::make_shared<std::pair<std::shared_ptr<const T>, T>>(
    original, *original);
  std::forward<Shorten>(shorten)(both->second);
  return {both, &both->second};
}

template <class Elements>
void drop_last(Elements& elements) {
  if (!elements.empty())
    elements.pop_back();
}

/// The message as a stage that went mad would send it.
std::optional<caf::message> garbled(const caf::message& content) {
  using namespace messages;
  if (content.match_elements<EnrichBatch>()) {
    auto order = content.get_as<EnrichBatch>(0);
    order.batch = garbled(order.batch, [](auto& batch) {
      if (batch.events.empty())
        drop_last(batch.rejections);
      else
        drop_last(batch.events);
    });
    return caf::make_message(std::move(order));
  }
  if (content.match_elements<EncodeBatch>()) {
    auto order = content.get_as<EncodeBatch>(0);
    order.batch = garbled(order.batch,
                          [](auto& batch) { batch.origins.emplace_back(); });
    return caf::make_message(std::move(order));
  }
  if (content.match_elements<ProduceBatch>()) {
    auto order = content.get_as<ProduceBatch>(0);
    order.batch = garbled(order.batch,
                          [](auto& batch) { drop_last(batch.records); });
    return caf::make_message(std::move(order));
  }
  return std::nullopt;
}

class FaultGate {
public:
  static inline const char* name = "fault_gate";

  FaultGate(caf::event_based_actor* self, FaultGateParameters parameters)
    : self_(self), parameters_(std::move(parameters)) {}

  caf::behavior make_behavior() {
    self_->set_default_handler(
      [this](caf::scheduled_actor*, caf::message& content) {
        return pass(content);
      });
    return {
      [this](ArmGate& order) { armed_.push_back(std::move(order)); },
      [this](messages::Tick) {
        withholding_ = false;
        for (const auto& content : std::exchange(withheld_, {}))
          forward(content);
      },
    };
  }

private:
  caf::skippable_result pass(caf::message& content) {
    if (armed_.empty() && !withholding_)
      return forward(content);
    if (content.match_elements<messages::BatchAcknowledged>()) {
      if (keep_back(content))
        return caf::delegated<caf::message>{};
      slow_down();
      auto result = forward(content);
      crash_after(true);
      return result;
    }
    const auto cargo = cargo_of(content);
    if (cargo)
      die_on(*cargo);
    if (cargo && throws_on(*cargo)) {
      tell(self_, parameters_.dispatcher,
           messages::BatchFailed{
             cargo->ticket, std::string{logic::kind_name(parameters_.actor)},
             "fault on purpose: a record matches", true});
      return refuse(caf::make_error(logic::ErrorCode::stage_failed));
    }
    if (auto* order = find(FaultKind::corrupt_answer); order != nullptr)
      if (auto answer = corrupt(content, cargo, *order))
        return std::move(*answer);
    slow_down();
    auto result = forward(content);
    crash_after(cargo || content.match_elements<messages::DispatchBatch>());
    return result;
  }

  /// As if it had been sent to the target.
  caf::skippable_result forward(const caf::message& content) {
    const auto target = parameters_.target();
    auto* element = self_->current_mailbox_element();
    if (!target)
      return refuse(caf::sec::request_receiver_down);
    target->enqueue(element->sender, element->mid, content, self_->context());
    return caf::delegated<caf::message>{};
  }

  /// Only a question is answered: an error that nobody waits for would end the
  /// sender.
  caf::skippable_result refuse(caf::error why) {
    if (self_->current_mailbox_element()->mid.is_request())
      return why;
    return caf::message{};
  }

  ArmGate* find(FaultKind kind) {
    const auto found = std::ranges::find(
      armed_, kind, [](const ArmGate& each) { return each.order.kind; });
    return found == armed_.end() ? nullptr : &*found;
  }

  void disarm(const ArmGate* spent) {
    armed_.erase(armed_.begin() + (spent - armed_.data()));
  }

  /// Uses one of so many up.
  void use(ArmGate* order) {
    if (--order->order.count == 0)
      disarm(order);
  }

  bool throws_on(const Cargo& cargo) const {
    return std::ranges::any_of(armed_, [&](const ArmGate& each) {
      return each.order.kind == FaultKind::throw_on_match
             && holds(*cargo.raw, each.order.match);
    });
  }

  void die_on(const Cargo& cargo) const {
    for (const auto& each : armed_)
      if (each.order.kind == FaultKind::die_on_match
          && holds(*cargo.raw, each.order.match))
        logic::faults::suffer(each.order, *parameters_.fault_effects);
  }

  bool keep_back(const caf::message& content) {
    if (auto* order = find(FaultKind::drop_credit); order != nullptr) {
      use(order);
      return true;
    }
    if (auto* order = find(FaultKind::exhaust_credit); order != nullptr) {
      withholding_ = true;
      self_->delayed_send(self_, order->order.duration, messages::Tick{});
      disarm(order);
    }
    if (withholding_)
      withheld_.push_back(content);
    return withholding_;
  }

  std::optional<caf::skippable_result>
  corrupt(const caf::message& content, const std::optional<Cargo>& cargo,
          ArmGate& order) {
    if (content.match_elements<messages::JudgeRows>()) {
      disarm(&order);
      auto judgements = std::make_shared<logic::ShardJudgements>();
      judgements->events.push_back(~std::uint32_t{0});
      return caf::make_message(messages::RowsJudged{std::move(judgements)});
    }
    if (!cargo || (order.lane && *order.lane != cargo->ticket.lane))
      return std::nullopt;
    auto bad = garbled(content);
    if (!bad)
      return std::nullopt;
    disarm(&order);
    return forward(*bad);
  }

  void slow_down() {
    if (auto* order = find(FaultKind::slow); order != nullptr) {
      inject(*order);
      use(order);
    }
  }

  void crash_after(bool batch) {
    auto* order = find(FaultKind::crash);
    if (order == nullptr || !batch || --order->order.after_batches != 0)
      return;
    inject(*order);
    disarm(order);
  }

  void inject(const ArmGate& order) {
    if (const auto target = parameters_.target())
      target->enqueue(self_->ctrl(), caf::make_message_id(),
                      caf::make_message(messages::InjectFault{order.order}),
                      self_->context());
  }

  caf::event_based_actor* self_;
  FaultGateParameters parameters_;
  std::vector<ArmGate> armed_;
  bool withholding_ = false;
  std::vector<caf::message> withheld_;
};

} // namespace

caf::actor spawn_fault_gate(caf::actor_system& system,
                            FaultGateParameters parameters) {
  return system.spawn<caf::stateful_actor<FaultGate>>(std::move(parameters));
}

} // namespace millrace::actors
