/* SPDX-License-Identifier: MIT */
/*
 * A slab of several stacks is aligned to its size, and one of a single large
 * stack begins a page below the guard. So a fault in a guard leads to the slab
 * without a list of them, which a signal handler could not read safely.
 */
#include "slab.h"

#include "sanitize.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SLAB_BYTES ((size_t)4 * 1024 * 1024)
#define MARK       ((uintptr_t)0x6b69742d736c6162) /* "kit-slab" */

size_t kit_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void kit_slab_set(struct kit_slab *slab, uint64_t bit)
{
    /* acq_rel: all uses of the slab's memory come before its unmapping */
    uint64_t before =
        atomic_fetch_or_explicit(&slab->cold, bit, memory_order_acq_rel);
    if ((before | bit) == UINT64_MAX)
        munmap(slab, slab->bytes);
}

static size_t slots_of(size_t stack_bytes)
{
    size_t slots = SLAB_BYTES / stack_bytes;
    return slots < 1                    ? 1
           : slots > KIT_SLAB_SLOTS_MAX ? KIT_SLAB_SLOTS_MAX
                                        : slots;
}

/* A bit for each slot that there is. */
static uint64_t real_slots(size_t stack_bytes)
{
    return (UINT64_C(1) << slots_of(stack_bytes)) - 1;
}

/* Slot 0 gives up its first page to the slab. */
char *kit_slot_low(const struct kit_slab *slab, uint32_t slot)
{
    char *low = (char *)(uintptr_t)slab + slot * slab->stack_bytes;
    return slot == 0 ? low + kit_page_size() : low;
}

/*
 * Shifted a little from slot to slot: without that, the busy ends of all stacks
 * would compete for the same few sets of the cache. Half a page at the most, so
 * that a small stack still touches one page.
 */
char *kit_slot_high(const struct kit_slab *slab, uint32_t slot)
{
    size_t colour = (slot % 16) * 128;
    return (char *)(uintptr_t)slab + (slot + 1) * slab->stack_bytes - colour;
}

/* ---- mapping ---- */

static char *map(char *hint, size_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    void *memory = mmap(hint, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static char *map_aligned(char *hint, size_t bytes)
{
    char *memory = hint ? map(hint, bytes) : NULL;
    size_t excess = (uintptr_t)memory % bytes;
    if (memory && excess == 0)
        return memory;
    if (memory)
        munmap(memory, bytes);
    memory = map(NULL, 2 * bytes);
    if (!memory)
        return NULL;
    excess = bytes - (uintptr_t)memory % bytes;
    munmap(memory, excess);
    if (excess < bytes)
        munmap(memory + excess + bytes, bytes - excess);
    return memory + excess;
}

/* With a few slots more than it has, if need be: a power of two. */
static size_t slab_bytes(size_t stack_bytes)
{
    size_t bytes = stack_bytes;
    while (bytes < slots_of(stack_bytes) * stack_bytes)
        bytes *= 2;
    return bytes;
}

struct kit_slab *kit_slab_map(size_t stack_bytes, const struct kit_slab *last)
{
    size_t bytes = slab_bytes(stack_bytes);
    char *hint = last ? (char *)(uintptr_t)last - bytes : NULL;
    char *memory =
        bytes <= SLAB_BYTES ? map_aligned(hint, bytes) : map(NULL, bytes);
    if (!memory)
        return NULL;
    /* A huge page would make one touched page cost 2 MiB. */
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    struct kit_slab *slab = (void *)memory;
    slab->mark = (uintptr_t)slab ^ MARK;
    slab->bytes = bytes;
    slab->stack_bytes = stack_bytes;
    /* slots that do not exist count as cold for good */
    atomic_init(&slab->cold, UINT64_MAX & ~KIT_SLAB_ORPHAN);
    slab->guarded = ~real_slots(stack_bytes);
    return slab;
}

/* ---- slots ---- */

bool kit_slab_has_slot(struct kit_slab *slab)
{
    return atomic_load_explicit(&slab->cold, memory_order_acquire) &
           real_slots(slab->stack_bytes);
}

uint32_t kit_slab_take(struct kit_slab *slab)
{
    uint64_t cold = atomic_load_explicit(&slab->cold, memory_order_acquire);
    uint32_t slot =
        (uint32_t)__builtin_ctzll(cold & real_slots(slab->stack_bytes));
    /* Only the owner clears bits, so the slot is still there. */
    atomic_fetch_and_explicit(&slab->cold, ~(UINT64_C(1) << slot),
                              memory_order_acquire);
    return slot;
}

/* ---- from a guard to its stack: in a signal handler ---- */

/* By system calls, which say what is not readable; none of the C library's,
   because sanitizers look into their arguments. */
static bool copy_through_pipe(void *to, uintptr_t from, size_t bytes)
{
    int ends[2];
    unsigned char resident;
    if (mincore((void *)from, 1, &resident) != 0 ||
        syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    VALGRIND_DISABLE_ERROR_REPORTING;
    bool copied = syscall(SYS_write, ends[1], from, bytes) == (long)bytes &&
                  syscall(SYS_read, ends[0], to, bytes) == (long)bytes;
    VALGRIND_ENABLE_ERROR_REPORTING;
    syscall(SYS_close, ends[0]);
    syscall(SYS_close, ends[1]);
    return copied;
}

/* The first way takes no descriptor, of which there may be none; but not every
   kernel and not every emulator has it. */
bool kit_copy_safely(void *to, uintptr_t from, size_t bytes)
{
    struct iovec here = {to, bytes}, there = {(void *)from, bytes};
    long copied =
        syscall(SYS_process_vm_readv, getpid(), &here, 1L, &there, 1L, 0L);
    if (copied >= 0 || errno == EFAULT)
        return copied == (long)bytes;
    return copy_through_pipe(to, from, bytes);
}

static const struct kit_slab *slab_at(uintptr_t base, uintptr_t address)
{
    struct kit_slab copy;
    if (base == 0 || !kit_copy_safely(&copy, base, sizeof copy))
        return NULL;
    if (copy.mark != (base ^ MARK) || address - base >= copy.bytes)
        return NULL;
    return (const struct kit_slab *)base;
}

static const struct kit_slab *slab_around(uintptr_t address)
{
    uintptr_t page = address & ~(uintptr_t)(kit_page_size() - 1);
    const struct kit_slab *slab = slab_at(page - kit_page_size(), address);
    for (size_t bytes = slab_bytes(KIT_STACK_MIN); !slab && bytes <= SLAB_BYTES;
         bytes *= 2)
        slab = slab_at(address & ~(uintptr_t)(bytes - 1), address);
    return slab;
}

const kit_stack *kit_stack_of_guard(const void *address)
{
    const struct kit_slab *slab = slab_around((uintptr_t)address);
    if (!slab)
        return NULL;
    size_t offset = (uintptr_t)address - (uintptr_t)slab;
    uint32_t slot = (uint32_t)(offset / slab->stack_bytes);
    const char *guard = kit_slot_low(slab, slot);
    uint64_t cold = atomic_load_explicit(&slab->cold, memory_order_acquire);
    if (slot >= KIT_SLAB_SLOTS_MAX || (cold >> slot & 1) ||
        (const char *)address < guard ||
        (const char *)address >= guard + kit_page_size())
        return NULL;
    return (const kit_stack *)(const void *)kit_slot_high(slab, slot) - 1;
}
