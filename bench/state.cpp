// What saving and restoring detection state costs: a million users in 32
// shards, a share of them active in each interval. CPU time of encoding and of
// writing to files, and the time to restore a shard and, from files, all of
// them. Usage: state [users [shards]]
#include "adapters/files/file_state_store.hpp"
#include "logic/detection/random.hpp"
#include "logic/detection/snapshot_reader.hpp"
#include "logic/detection/snapshot_writer.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;

namespace {

constexpr int intervals = 3 * change_slots;
constexpr double interval_s = 5.0;
constexpr double active_share = 0.05;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec)
         + static_cast<double>(time.tv_nsec) / 1e9;
}

double process_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec)
         + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Shard {
  Shard(std::size_t users, std::uint32_t shard, std::uint32_t shard_count)
    : state(users + users / 5, users / 4), shape{shard, shard_count, 75'000,
                                                 150'000, 300'000},
      writer({shape, 1, {}}) {}

  ShardState state;
  StateShape shape;
  SnapshotWriter writer;
  std::vector<StateRecord> log;
};

void log_in(Shard& shard, std::uint64_t user, std::int64_t time_ms) {
  const auto hash = Random{user}.next();
  auto& row = shard.state.users.touch(hash);
  row.last_seen_ms = time_ms;
  ++row.logins;
  if (user % 20 == 0)
    shard.state.addresses.touch(hash).failed_users[0].add(hash);
}

struct Costs {
  double seconds = 0;
  double longest = 0;
  std::size_t bytes = 0;
  std::size_t pages = 0;
  std::size_t rows = 0;
  std::size_t records = 0;
};

void save(Shard& shard, Costs& costs, bool keep = false) {
  const auto begin = cpu_seconds();
  auto snapshot = shard.writer.take(shard.state, 0);
  const auto taken = cpu_seconds() - begin;
  shard.writer.saved();
  costs.seconds += taken;
  costs.longest = std::max(costs.longest, taken);
  costs.bytes += snapshot.bytes;
  costs.pages += snapshot.pages;
  costs.rows += snapshot.rows;
  costs.records += snapshot.records.size();
  if (keep)
    for (auto& record : snapshot.records)
      shard.log.push_back(std::move(record));
}

void print(const char* what, const Costs& costs, double rounds) {
  std::printf("%-28s %7.2f ms CPU (%.3f %% of a core at %.0f s), longest "
              "shard %.2f ms, %6.2f MB, %.0f pages, %.0f rows, %.0f records\n",
              what, costs.seconds / rounds * 1e3,
              costs.seconds / rounds / interval_s * 100, interval_s,
              costs.longest * 1e3,
              static_cast<double>(costs.bytes) / rounds / 1e6,
              static_cast<double>(costs.pages) / rounds,
              static_cast<double>(costs.rows) / rounds,
              static_cast<double>(costs.records) / rounds);
}

void measure_saving(std::size_t users, std::uint32_t shard_count) {
  std::vector<Shard> shards;
  const auto each = users / shard_count;
  for (std::uint32_t shard = 0; shard != shard_count; ++shard)
    shards.emplace_back(each, shard, shard_count);
  std::int64_t time_ms = 1'750'000'000'000;
  for (auto& shard : shards)
    for (std::uint64_t user = 0; user != each; ++user)
      log_in(shard, user, time_ms);
  std::printf("%zu users in %u shards, %.0f %% active in each interval\n",
              users, shard_count, active_share * 100);
  Costs first;
  for (auto& shard : shards)
    save(shard, first);
  print("first snapshot, all pages", first, 1);
  Random random{1};
  Costs costs;
  for (int interval = 0; interval != intervals; ++interval) {
    time_ms += 5000;
    for (auto& shard : shards) {
      const auto active = static_cast<std::size_t>(active_share
                                                   * static_cast<double>(each));
      for (std::size_t login = 0; login != active; ++login)
        log_in(shard, random.below(each), time_ms);
      save(shard, costs);
    }
  }
  print("later ones, mean", costs, intervals);
  Costs idle;
  for (int interval = 0; interval != intervals; ++interval)
    for (auto& shard : shards)
      save(shard, idle);
  print("nobody active, mean", idle, intervals);
}

/// A folder of its own, gone with it.
struct Folder {
  Folder() {
    std::string pattern = "/tmp/millrace-bench-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }

  std::string path;
};

std::unique_ptr<millrace::adapters::FileStateStore>
open_store(const Folder& folder, std::uint32_t shards) {
  auto store = millrace::adapters::FileStateStore::open({folder.path, shards});
  if (!store) {
    std::fprintf(stderr, "state: %s\n", store.error().text.c_str());
    std::exit(1);
  }
  return std::move(*store);
}

/// Takes events until so many of that kind came.
template <class Event, class Visit>
void take(millrace::adapters::FileStateStore& store, std::size_t count,
          Visit&& visit) {
  while (count != 0)
    for (auto& event : store.take_events()) {
      visit(event);
      count -= std::holds_alternative<Event>(event) ? 1 : 0;
    }
}

/// Both ends of a store in files, the thread of the store included.
void measure_files(std::size_t users, std::uint32_t shard_count) {
  const Folder folder;
  std::vector<Shard> shards;
  const auto each = users / shard_count;
  for (std::uint32_t shard = 0; shard != shard_count; ++shard)
    shards.emplace_back(each, shard, shard_count);
  for (auto& shard : shards)
    for (std::uint64_t user = 0; user != each; ++user)
      log_in(shard, user, 1'750'000'000'000);
  {
    const auto store = open_store(folder, shard_count);
    take<ShardLoaded>(*store, shard_count, [](auto&) {});
    Random random{3};
    double seconds = 0;
    for (int interval = -1; interval != 2 * static_cast<int>(change_slots);
         ++interval) {
      for (auto& shard : shards)
        for (std::size_t login = 0; login != each / 20; ++login)
          log_in(shard, random.below(each), 1'750'000'000'000);
      const auto begin = process_cpu_seconds();
      for (auto& shard : shards) {
        auto snapshot = shard.writer.take(shard.state, 0);
        shard.writer.saved();
        store->append(shard.shape.shard, snapshot.attempt,
                      std::move(snapshot.records));
        take<StateAppended>(*store, 1, [](auto&) {});
      }
      if (interval >= 0) // not the first one, with all pages
        seconds += process_cpu_seconds() - begin;
    }
    seconds /= 2 * change_slots;
    std::printf("encoded and written to files, mean: %.1f ms CPU per interval "
                "(%.2f %% of a core), rewriting of the files included\n",
                seconds * 1e3, seconds / interval_s * 100);
  }
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator{folder.path})
    bytes += file.file_size();
  const auto begin = std::chrono::steady_clock::now();
  const auto store = open_store(folder, shard_count);
  std::size_t restored = 0;
  std::vector<SnapshotReader> readers;
  readers.reserve(shards.size());
  for (const auto& shard : shards)
    readers.emplace_back(shard.shape);
  take<ShardLoaded>(*store, shard_count, [&](StateStoreEvent& event) {
    if (auto* some = std::get_if<ShardRecords>(&event))
      for (auto& record : some->records)
        readers[some->shard].take(std::move(record));
    if (const auto* loaded = std::get_if<ShardLoaded>(&event)) {
      ShardState state{shards[loaded->shard].state.users.capacity(),
                       shards[loaded->shard].state.addresses.capacity()};
      restored += readers[loaded->shard].restore(state).users;
    }
  });
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now()
                                              - begin;
  std::printf("all %zu users restored from %.1f MB of files in %.0f ms\n",
              restored, static_cast<double>(bytes) / 1e6, taken.count() * 1e3);
}

void measure_restoring(std::size_t users) {
  Shard shard{users, 0, 1};
  Random random{2};
  for (std::uint64_t user = 0; user != users; ++user)
    log_in(shard, user, 1'750'000'000'000);
  Costs costs;
  save(shard, costs, true);
  for (int interval = 0; interval != intervals; ++interval) {
    for (std::size_t login = 0; login != users / 20; ++login)
      log_in(shard, random.below(users), 1'750'000'000'000);
    save(shard, costs, true);
  }
  std::map<std::string_view, std::size_t> last;
  for (std::size_t index = 0; index != shard.log.size(); ++index)
    last[shard.log[index].key] = index;
  std::size_t bytes = 0;
  std::vector<StateRecord> records; // as compaction leaves them
  for (std::size_t index = 0; index != shard.log.size(); ++index)
    if (const auto& record = shard.log[index]; last[record.key] == index) {
      records.push_back(record);
      bytes += record.key.size() + record.value.size();
    }
  ShardState state{shard.state.users.capacity(),
                   shard.state.addresses.capacity()};
  const auto begin = cpu_seconds();
  SnapshotReader reader{shard.shape};
  for (auto& record : records)
    reader.take(std::move(record));
  const auto report = reader.restore(state);
  std::printf("restoring a shard of %zu users from %.1f MB: %.1f ms CPU (%zu "
              "users, %zu pages and %zu changes missing)\n",
              users, static_cast<double>(bytes) / 1e6,
              (cpu_seconds() - begin) * 1e3, report.users, report.pages_dropped,
              report.changes_dropped);
}

} // namespace

int main(int argc, char** argv) {
  const auto users = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const auto shards = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 32;
  if (users < 1000 || shards == 0 || users / shards < 100) {
    std::fprintf(stderr, "usage: state [users, at least 1000 [shards]]\n");
    return 2;
  }
  measure_saving(users, static_cast<std::uint32_t>(shards));
  measure_restoring(100'000);
  measure_files(users, static_cast<std::uint32_t>(shards));
  return 0;
}
