#pragma once

#include <cstddef>

namespace millrace::node {

/// For ends that leave no time for anything but a line on stderr and an exit
/// code of their own: memory is out (`out_of_memory`), or the bytes of a mapped
/// file are gone, as the disk is full or somebody cut it short (`disk_full`).
/// Whatever is uncommitted is read again, and to the crash journal both are
/// deaths. Call once, before other threads exist.
void prepare_last_words();

/// What `operator new` comes to when memory is refused; any thread. Where
/// `allocate` (malloc) still serves a small request, it was one absurd request
/// that failed: throws std::bad_alloc, for whoever asked to fail alone. Else
/// ends the process.
void on_memory_refused(void* (*allocate)(std::size_t));

} // namespace millrace::node
