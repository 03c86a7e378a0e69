#include "adapters/files/file_state_store.hpp"

#include "adapters/files/state_folder.hpp"

#include <cassert>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace millrace::adapters {

namespace {

using namespace logic::detection;
using Clock = std::chrono::steady_clock;

/// So much is read ahead of whoever takes the events.
constexpr std::size_t max_queued_bytes = std::size_t{8} << 20;
constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

struct Append {
  std::uint32_t shard = 0;
  std::uint64_t number = 0;
  std::vector<StateRecord> records;
};

std::size_t bytes_of(const StateStoreEvent& event) noexcept {
  std::size_t bytes = 0;
  if (const auto* some = std::get_if<ShardRecords>(&event))
    for (const auto& record : some->records)
      bytes += record.key.size() + record.value.size();
  return bytes;
}

/// What the thread and the store share; the thread may outlive the store where
/// the disk does not answer.
class Worker {
public:
  Worker(StateFolder folder, std::chrono::milliseconds sync_interval)
    : folder_(std::move(folder)), sync_interval_(sync_interval) {}

  void on_ready(std::function<void()> wake) {
    const std::lock_guard lock{mutex_};
    wake_ = std::move(wake);
    if (!events_.empty() && wake_)
      wake_();
  }

  std::vector<StateStoreEvent> take_events() {
    std::vector<StateStoreEvent> taken;
    {
      const std::lock_guard lock{mutex_};
      taken.assign(std::make_move_iterator(events_.begin()),
                   std::make_move_iterator(events_.end()));
      events_.clear();
      queued_bytes_ = 0;
    }
    changed_.notify_all();
    return taken;
  }

  void append(Append order) {
    {
      const std::lock_guard lock{mutex_};
      if (closing_)
        return;
      orders_.push_back(std::move(order));
    }
    changed_.notify_all();
  }

  /// Whether all was written by then.
  bool close(std::chrono::milliseconds deadline) {
    std::unique_lock lock{mutex_};
    closing_ = true;
    wake_ = nullptr;
    changed_.notify_all();
    return changed_.wait_for(lock, deadline, [this] { return ended_; });
  }

  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait_until(lock, next_wake_up(), [this] {
        return closing_ || !orders_.empty() || may_load();
      });
      if (!orders_.empty()) {
        auto order = std::move(orders_.front());
        orders_.pop_front();
        lock.unlock();
        carry_out(std::move(order));
        lock.lock();
        continue;
      }
      if (closing_)
        break;
      const bool loads = may_load();
      lock.unlock();
      if (loads)
        load_some();
      if (!unsynced_.empty() && Clock::now() >= next_sync_)
        sync();
      lock.lock();
    }
    lock.unlock();
    sync();
    lock.lock();
    folder_.reset(); // another node may begin
    ended_ = true;
    changed_.notify_all();
  }

private:
  bool may_load() noexcept {
    return loading_ < folder_->logs().size()
           && queued_bytes_ < max_queued_bytes;
  }

  Clock::time_point next_wake_up() const noexcept {
    return unsynced_.empty() ? Clock::now() + std::chrono::hours{1}
                             : next_sync_;
  }

  void tell(StateStoreEvent event) {
    const std::lock_guard lock{mutex_};
    queued_bytes_ += bytes_of(event);
    events_.push_back(std::move(event));
    // Whoever was woken takes all that is there.
    if (wake_ && events_.size() == 1)
      wake_();
  }

  /// Shard after shard, so that no more than one is put together at a time.
  void load_some() {
    auto& log = folder_->logs()[loading_];
    if (!begun_) {
      begun_ = true;
      tell(ShardAssigned{loading_, folder_->generation()});
    }
    ShardRecords some{loading_, {}};
    const auto more = log.read(chunk_bytes, some.records);
    if (!some.records.empty())
      tell(std::move(some));
    if (!more) // what was read so far counts
      report(loading_, more);
    if (more && *more)
      return;
    tell(ShardLoaded{loading_});
    begun_ = false;
    ++loading_;
  }

  void carry_out(Append order) {
    assert(order.shard < folder_->logs().size());
    auto& log = folder_->logs()[order.shard];
    auto outcome = log.append(order.records);
    if (outcome) {
      if (unsynced_.empty())
        next_sync_ = Clock::now() + sync_interval_;
      unsynced_.insert(order.shard);
    }
    report(order.shard, outcome);
    tell(StateAppended{order.shard, order.number, std::move(outcome)});
    // That it fails shows in the size alone, or in the next append.
    if (log.is_worth_compacting())
      report(order.shard, log.compact());
  }

  void sync() {
    for (const auto shard : std::exchange(unsynced_, {}))
      report(shard, folder_->logs()[shard].sync());
  }

  /// Tells when the first shard is in trouble, and when none is any more.
  template <class T>
  void report(std::uint32_t shard, const logic::Result<T>& outcome) {
    const bool before = !troubled_.empty();
    if (outcome)
      troubled_.erase(shard);
    else
      troubled_.insert(shard);
    if (before != troubled_.empty())
      return;
    StateStoreTrouble news;
    if (!outcome)
      news.state = outcome.error();
    tell(std::move(news));
  }

  // The thread's own.
  std::optional<StateFolder> folder_;
  std::chrono::milliseconds sync_interval_;
  std::uint32_t loading_ = 0; ///< the shard
  bool begun_ = false;
  std::set<std::uint32_t> unsynced_; ///< shards
  Clock::time_point next_sync_;
  std::set<std::uint32_t> troubled_; ///< shards

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> wake_;
  std::vector<StateStoreEvent> events_;
  std::size_t queued_bytes_ = 0;
  std::deque<Append> orders_;
  bool closing_ = false;
  bool ended_ = false;
};

class ThreadedStore final : public FileStateStore {
public:
  ThreadedStore(StateFolder folder, const FileStateStoreOptions& options)
    : notes_(folder.notes()), worker_(std::make_shared<Worker>(
                                std::move(folder), options.sync_interval)),
      thread_([worker = worker_] { worker->run(); }) {}

  ~ThreadedStore() override { close(std::chrono::seconds{5}); }

  void on_ready(std::function<void()> wake) override {
    worker_->on_ready(std::move(wake));
  }

  std::vector<StateStoreEvent> take_events() override {
    return worker_->take_events();
  }

  void append(std::uint32_t shard, std::uint64_t number,
              std::vector<StateRecord> records) override {
    worker_->append({shard, number, std::move(records)});
  }

  /// Nobody else can own them.
  void release(std::uint32_t) override {}

  void close(std::chrono::milliseconds deadline) override {
    if (!thread_.joinable())
      return;
    if (worker_->close(deadline))
      thread_.join();
    else
      thread_.detach();
  }

  const std::vector<std::string>& notes() const noexcept override {
    return notes_;
  }

private:
  std::vector<std::string> notes_;
  std::shared_ptr<Worker> worker_;
  std::thread thread_;
};

} // namespace

logic::Result<std::unique_ptr<FileStateStore>>
FileStateStore::open(const FileStateStoreOptions& options) {
  auto folder = StateFolder::open(options.folder, options.shards);
  if (!folder)
    return folder.error();
  return std::unique_ptr<FileStateStore>{
    std::make_unique<ThreadedStore>(std::move(*folder), options)};
}

} // namespace millrace::adapters
