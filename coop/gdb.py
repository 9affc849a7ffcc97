# SPDX-License-Identifier: MIT
"""Commands for gdb, live and on a core file:

  coop tasks [SCHEDULER]  lists the tasks of the schedulers that run, or of one:
                          number, name, state, what each waits for
  coop bt TASK            the backtrace of a task, by number or name, or of what
                          an expression points at: a task, a coroutine, or a
                          generator; if it is in the body of a generator that it
                          has resumed, first that body's, then `resumed by:`
  coop core FILE          as generate-core-file, but with the stacks in it

To load them:  source PREFIX/share/schedkit/coop-gdb.py

The layout of tasks comes from the debug information of the library. Registers
come from where the mechanism keeps them: asm, ucontext, or a thread (baton).
"""

import re

import gdb
from gdb.unwinder import Unwinder, register_unwinder

POINTER = 8
NOT_BEGUN = "It has not begun.\n"
RESUMED_BY = "resumed by:\n"

# What each architecture calls its program counter and its stack pointer, and
# what a call preserves.
PC, SP = {}, {}
PC["x86-64"], SP["x86-64"] = "rip", "rsp"
PC["aarch64"], SP["aarch64"] = "pc", "sp"

# What a side that is suspended by common/context/switch_*.S has on its stack:
# register -> offset, and the size; above it is its stack pointer.
ASM_FRAME = {
    "x86-64": ({"r15": 8, "r14": 16, "r13": 24, "r12": 32, "rbx": 40,
                "rbp": 48, "rip": 56}, 64),
    "aarch64": ({**{f"x{n}": 64 + 8 * (n - 19) for n in range(19, 31)},
                 "pc": 152}, 160),
}

# On x86-64 the first word is the address to go on at. In line, that is
# mov 8(%rsp),%rbp; lea 144(%rsp),%rsp (kit/inline_switch.h), which the
# compiler's tables do not know of; through a call, add $8,%rsp.
IN_LINE = bytes((0x48, 0x8b, 0x6c, 0x24, 8, 0x48, 0x8d, 0xa4, 0x24, 144, 0, 0,
                 0))
THROUGH_A_CALL = bytes((0x48, 0x83, 0xc4, 8))

# Where ucontext_t keeps them.
UCONTEXT = {
    "x86-64": {name: f"uc_mcontext.gregs[{index}]" for name, index in (
        ("r12", 4), ("r13", 5), ("r14", 6), ("r15", 7), ("rbp", 10),
        ("rbx", 11), ("rsp", 15), ("rip", 16))},
    "aarch64": {**{f"x{n}": f"uc_mcontext.regs[{n}]" for n in range(19, 31)},
                "sp": "uc_mcontext.sp", "pc": "uc_mcontext.pc"},
}



def architecture():
    name = gdb.selected_inferior().architecture().name()
    for known in PC:
        if known in name:
            return known
    raise gdb.GdbError(f"coop: nothing is known of the architecture {name}")


def struct(name):
    try:
        return gdb.lookup_type("struct " + name)
    except gdb.error:
        raise gdb.GdbError(f"coop: no debug information on struct {name}: is "
                           "the library loaded, and was it compiled with -g?"
                           ) from None


def text(value):
    """A string of the program's, or an empty one for NULL."""
    return value.string(errors="replace") if int(value) else ""


def words_at(address, count):
    memory = gdb.selected_inferior().read_memory(address, count * POINTER)
    return memoryview(bytes(memory)).cast("Q")


def word_at(address):
    return words_at(address, 1)[0]


# --- schedulers and tasks ----------------------------------------------------

class EachThread:
    """Goes through the threads, and back to the one that was selected."""

    def __iter__(self):
        selected = gdb.selected_thread()
        try:
            for thread in sorted(gdb.selected_inferior().threads(),
                                 key=lambda t: t.num):
                thread.switch()
                yield thread
        finally:
            if selected:
                selected.switch()


class Scheduler:
    def __init__(self, pointer, thread=None, inner=None, runs=True):
        self.pointer = pointer
        self.thread = thread    # that runs it; None: it is handed over
        self.inner = inner      # which its current task runs, or None
        self.runs = runs

    def tasks(self):
        """Oldest first."""
        found, task = [], self.pointer["newest"]
        while int(task):
            found.append(Task(task, self))
            task = task["older"]
        return reversed(found)


class Task:
    def __init__(self, pointer, scheduler=None):
        self.pointer = pointer
        self.scheduler = scheduler
        self.name = text(pointer["name"].address.cast(
            gdb.lookup_type("char").pointer()))

    def state(self):
        if self.is_current():
            return "running"
        return str(self.pointer["state"]).removeprefix("COOP_TASK_").lower()

    def waits_for(self):
        """What it waits for; nothing unless it does."""
        if self.state() != "waiting":
            return ""
        name = self.pointer["waits_on"]
        words = text(self.pointer["waits_to"]), name and text(name.dereference())
        return " ".join(word for word in words if word)

    def is_current(self):
        return self.scheduler and self.scheduler.runs and \
            self.scheduler.pointer["current"] == self.pointer


def chain_of(pointer, thread):
    """A scheduler and those whose tasks run it, the outer ones first."""
    chain, inner = [], None
    while int(pointer):
        inner = Scheduler(pointer, thread, inner)
        chain.insert(0, inner)
        pointer = pointer["outer"]
    return chain


def running_schedulers():
    """Those that run on any thread, the outer ones first. With the mechanism
    baton there may be none that does, at the moment."""
    kind = struct("coop_sched").pointer()
    here, own = [], []
    for thread in EachThread():
        flow = gdb.parse_and_eval("kit_flow_here")
        here.append(chain_of(flow["sched"].cast(kind), thread))
        own.append(chain_of(flow["own_sched"].cast(kind), None))
    found, known = [], set()
    # A chain that is part of another one is shorter.
    for chain in here + sorted(own, key=len, reverse=True):
        if chain and int(chain[-1].pointer) not in known:
            known |= {int(s.pointer) for s in chain}
            found += chain
    return found


def all_tasks():
    return [task for s in running_schedulers() for task in s.tasks()]


# --- stacks ------------------------------------------------------------------

# As in common/context/slab.c.
SLAB_BYTES, SLOTS_MAX, MARK = 4 << 20, 63, 0x6b69742d736c6162
LEAST_SLAB_BYTES = 1 << 20

# What a coroutine's creator may have between it and the stack's record.
LOCAL_MAX = 4096


def slabs():
    """Of the stack pools of all threads."""
    kind = struct("kit_stack_pool").pointer()
    pools = {int(gdb.parse_and_eval("kit_flow_here.own_pool"))
             for _ in EachThread()}
    for address in pools - {0}:
        pool = gdb.Value(address).cast(kind)
        for lists in (pool["slabs"], pool["full"]):
            for index in range(lists.type.range()[1] + 1):
                slab = lists[index]
                while int(slab):
                    yield slab
                    slab = slab["next"]


def is_slab_around(slab, address):
    """It is known by its mark."""
    try:
        return int(slab["mark"]) == int(slab) ^ MARK and \
            int(slab) <= address < int(slab) + int(slab["bytes"])
    except gdb.MemoryError:
        return False


def slab_around(address):
    """One of several stacks is aligned to its size; of the others, those that
    a pool still has are found there."""
    kind = struct("kit_slab").pointer()
    size = LEAST_SLAB_BYTES
    while size <= SLAB_BYTES:
        slab = gdb.Value(address & -size).cast(kind)
        if is_slab_around(slab, address):
            return slab
        size *= 2
    return next((s for s in slabs() if is_slab_around(s, address)), None)


def stack_at(address, likely):
    """The stack that an address is on, perhaps this one; None: none of ours."""
    address = int(address)
    if int(likely["low"]) <= address < int(likely):
        return likely
    slab = slab_around(address)
    if slab is None:
        return None
    size = int(slab["stack_bytes"])
    slot = (address - int(slab)) // size
    high = int(slab) + (slot + 1) * size - slot % 16 * 128
    stack = gdb.Value(high).cast(likely.type) - 1
    return stack if address < int(stack) else None


def coroutine_on(stack):
    """The coroutine whose body has this stack, at the top of it; None: it is a
    task's. It is known by the stack that it says it has."""
    use = stack["use"]
    if int(use) and text(use["what"]) == "task":
        return None
    kind = struct("coop_coro")
    place = next(f.bitpos // 8 for f in kind.fields() if f.name == "stack")
    top = int(stack) - kind.sizeof & -16
    low = top - LOCAL_MAX
    words = words_at(low + place, LOCAL_MAX // POINTER + 1)
    for index in range(len(words) - 1, -1, -16 // POINTER):
        if words[index] == int(stack):
            return gdb.Value(low + index * POINTER).cast(kind.pointer())
    return None


# --- suspended sides ---------------------------------------------------------

def code_at(address, code):
    """Are these the bytes there?"""
    memory = gdb.selected_inferior().read_memory(address, len(code))
    return bytes(memory) == code


def registers_of_asm(side):
    arch = architecture()
    if arch == "x86-64":
        goes_on = word_at(side)
        if code_at(goes_on, IN_LINE):
            return {"rip": goes_on + len(IN_LINE), "rbp": word_at(side + 8),
                    "rsp": side + 144}
        if not code_at(goes_on, THROUGH_A_CALL):
            return {"rip": goes_on, "rsp": side}    # it has not begun
    offsets, size = ASM_FRAME[arch]
    found = {name: word_at(side + at) for name, at in offsets.items()}
    found[SP[arch]] = side + size
    return found


def registers_of_ucontext(side):
    return {name: int(gdb.parse_and_eval(
        f"((ucontext_t *) {side})->{place}")) & (1 << 64) - 1
        for name, place in UCONTEXT[architecture()].items()}


class Suspended(Unwinder):
    """While enabled, the frames of a suspended side follow upon the newest
    frame of the selected thread: this also works where registers cannot be
    set, in a core file."""

    def __init__(self):
        super().__init__("coop")
        self.enabled = False
        self.registers = {}
        self.newest = None      # the stack pointer and the pc of that frame

    def __call__(self, pending):
        arch = architecture()
        here = tuple(int(pending.read_register(r[arch])) for r in (SP, PC))
        if here != self.newest:
            return None
        # Its place is below the frames that follow, or gdb would take the
        # stack for a corrupt one.
        word = pending.read_register(SP[arch]).type
        frame = type("Id", (), {
            "sp": gdb.Value(self.registers[SP[arch]] - 2 * POINTER).cast(word),
            "pc": pending.read_register(PC[arch])})
        info = pending.create_unwind_info(frame)
        for name, value in self.registers.items():
            kind = pending.read_register(name).type
            info.add_saved_register(name, gdb.Value(value).cast(
                gdb.lookup_type("unsigned long")).cast(kind))
        return info

    def backtrace(self, registers):
        """The frames of a side with these registers, as gdb prints them."""
        newest = gdb.newest_frame()
        arch = architecture()
        self.newest = tuple(int(newest.read_register(r[arch]))
                            for r in (SP, PC))
        self.registers = registers
        self.enabled = True
        gdb.invalidate_cached_frames()
        try:
            return renumbered(gdb.execute("with width 0 -- backtrace",
                                          to_string=True))
        finally:
            self.enabled = False
            gdb.invalidate_cached_frames()


def renumbered(frames):
    """A backtrace without its first frame, numbered from 0 again."""
    rest = re.split(r"^(?=#\d)", frames, flags=re.M)[2:]
    return "".join(re.sub(r"^#\d+ *", f"#{n:<3}", frame)
                   for n, frame in enumerate(rest))


SUSPENDED = Suspended()
register_unwinder(None, SUSPENDED, replace=True)


def on_stack(stack):
    """Selects the thread that is on this stack; None: none is."""
    low, high = int(stack["low"]), int(stack)
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        if low <= int(gdb.newest_frame().read_register(SP[architecture()])) \
                < high:
            return thread
    return None


def backtrace_of_thread(stack):
    selected = gdb.selected_thread()
    try:
        if on_stack(stack):
            return gdb.execute("with width 0 -- backtrace", to_string=True)
        return NOT_BEGUN
    finally:
        selected.switch()


def backtrace_of_registers(registers):
    """A body that has not begun stands at the start of a function."""
    place = gdb.execute(f"info symbol {registers[PC[architecture()]]}",
                        to_string=True)
    if " + " not in place:
        return NOT_BEGUN
    return SUSPENDED.backtrace(registers)


def lending_of(task):
    """Of the context of a task on user stacks that waits in a body of baton
    (common/context/baton.c); None: it does not."""
    if text(task["mechanism"]["name"]) != "lent":
        return None
    return task["body"].cast(struct("lending").pointer())


def backtrace_of_side(context, stack):
    """Of the side that is suspended in a context, and is on this stack."""
    return backtrace_by(context["mechanism"], context["suspended"], stack)


def backtrace_by(mechanism, side, stack):
    mechanism, side = text(mechanism["name"]), int(side)
    if mechanism == "baton":
        return backtrace_of_thread(stack)
    if mechanism == "ucontext":
        return backtrace_of_registers(registers_of_ucontext(side))
    return backtrace_of_registers(registers_of_asm(side))


def backtrace_of_resumers(stack, last, task=None):
    """Where what is on this stack is the body of a coroutine, somebody waits
    for that to yield, and so on, down to who is on the last one. With the
    context of a task that is lent: its home is no thread's any more."""
    frames = ""
    while stack and stack != last:
        coroutine = coroutine_on(stack)
        if coroutine is None:
            break
        context = coroutine["face"]["context"]
        side = context["suspended"]
        stack = stack_at(side, last)
        if not stack:
            break
        frames += RESUMED_BY
        if task is not None and side == lending_of(task)["home"]:
            frames += backtrace_by(lending_of(task)["mechanism"],
                                   task["suspended"], stack)
        else:
            frames += backtrace_of_side(context, stack)
    return frames


def backtrace_of(context, last):
    """Of the side that is suspended in a context, which is on the stack `last`,
    or in a coroutine that was resumed from there."""
    lending = lending_of(context)
    if lending is not None:
        stack = stack_at(lending["body"], last)
        return backtrace_of_thread(stack) + \
            backtrace_of_resumers(stack, last, context)
    stack = stack_at(context["suspended"], last) or last
    return backtrace_of_side(context, stack) + \
        backtrace_of_resumers(stack, last)


def backtrace_of_running(thread, last):
    selected = gdb.selected_thread()
    try:
        thread.switch()
        sp = gdb.newest_frame().read_register(SP[architecture()])
        frames = gdb.execute("with width 0 -- backtrace", to_string=True)
        return frames + backtrace_of_resumers(stack_at(sp, last), last)
    finally:
        selected.switch()


def backtrace_of_task(task):
    stack = task.pointer["stack"]
    if not task.is_current():
        return backtrace_of(task.pointer["context"], stack)
    scheduler = task.scheduler
    if scheduler.inner and int(scheduler.inner.pointer["current"]):
        # It waits until the inner scheduler is done, which holds its side.
        return backtrace_of(scheduler.inner.pointer["main"], stack)
    if not scheduler.thread:
        return backtrace_of_thread(stack)
    return backtrace_of_running(scheduler.thread, stack)


def backtrace_of_expression(expression):
    try:
        value = gdb.parse_and_eval(expression)
    except gdb.error as error:
        raise gdb.GdbError(f"coop: no task has that name, and: {error}"
                           ) from None
    kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_PTR:
        raise gdb.GdbError(f"coop: {expression} is no pointer to a task, a "
                           "coroutine or a generator")
    name = kind.target().strip_typedefs().tag
    if name == "coop_gen":
        name = "coop_coro"  # which it lies right behind
        value = value.cast(struct(name).pointer()) - 1
    if name == "coop_coro":
        value = value.cast(struct(name).pointer())
        if int(value["face"]["state"]) & 7 == 2:
            raise gdb.GdbError("coop: it runs, or waits for one that does")
        return backtrace_of(value["face"]["context"], value["stack"])
    if name == "coop_task":
        value = value.cast(struct(name).pointer())
        known = [t for t in all_tasks() if t.pointer == value]
        return backtrace_of_task(known[0] if known else Task(value))
    raise gdb.GdbError(f"coop: {expression} points at a {name or kind}")


# --- core files --------------------------------------------------------------

GUARD_INSTALL, GUARD_REMOVE = 102, 103


def guards_of(slab, page):
    """The addresses of its guards."""
    size = int(slab["stack_bytes"])
    for slot in range(max(1, min(SLOTS_MAX, SLAB_BYTES // size))):
        if int(slab["guarded"]) >> slot & 1:
            yield int(slab) + (slot * size or page)


def save_with_stacks(name):
    """Guards of Linux 6.13 are no mappings, and where gdb cannot read one page
    it leaves out a megabyte. So the program is made to take them away before,
    and to put them back after. (Core files that the kernel writes are whole.)
    """
    def call(function, *arguments):
        return int(gdb.parse_and_eval(
            f"((int (*)()) {function})({', '.join(map(str, arguments))})"))
    page = call("getpagesize")
    guards = [g for slab in slabs() for g in guards_of(slab, page)]
    guards = [g for g in guards
              if call("madvise", f"{g}UL", f"{page}UL", GUARD_REMOVE) == 0]
    try:
        gdb.execute(f"generate-core-file {name}")
    finally:
        for guard in guards:
            call("madvise", f"{guard}UL", f"{page}UL", GUARD_INSTALL)


# --- the commands ------------------------------------------------------------

class Coop(gdb.Command):
    """Tasks and coroutines of schedkit."""

    def __init__(self):
        super().__init__("coop", gdb.COMMAND_STACK, prefix=True)


def tasks_of_expression(expression):
    """Of the scheduler that it points at."""
    try:
        value = gdb.parse_and_eval(expression)
        pointer = value.cast(struct("coop_sched").pointer())
        return list(Scheduler(pointer, runs=False).tasks())
    except gdb.error as error:
        raise gdb.GdbError(f"coop: {expression} is no pointer to a scheduler: "
                           f"{error}") from None


class CoopTasks(gdb.Command):
    """coop tasks [SCHEDULER]: number, name, state, and what each task of the
    running schedulers waits for; or those of one, given by an expression."""

    def __init__(self):
        super().__init__("coop tasks", gdb.COMMAND_STATUS)

    def invoke(self, argument, _from_tty):
        if argument:
            tasks = tasks_of_expression(argument)
        else:
            tasks = all_tasks()
        if not tasks:
            print("No scheduler runs, or none has tasks.")
        for number, task in enumerate(tasks, 1):
            print(f"{number:4}  {task.name:31} {task.state():8} "
                  f"{task.waits_for()}".rstrip())


class CoopBacktrace(gdb.Command):
    """coop bt TASK: the backtrace of a task, by its number in `coop tasks` or
    its name, or of the task, coroutine or generator that an expression points
    at."""

    def __init__(self):
        super().__init__("coop bt", gdb.COMMAND_STACK)

    def invoke(self, argument, _from_tty):
        if not argument:
            raise gdb.GdbError("coop bt needs a task: its number or its name")
        tasks = all_tasks()
        if argument.isdigit() and 1 <= int(argument) <= len(tasks):
            chosen = [tasks[int(argument) - 1]]
        else:
            chosen = [task for task in tasks if task.name == argument]
        for task in chosen:
            print(f"{task.name}: {task.state()} {task.waits_for()}".rstrip())
            print(backtrace_of_task(task), end="")
        if not chosen and argument.isdigit():
            raise gdb.GdbError(f"coop: there are {len(tasks)} tasks")
        if not chosen:
            print(backtrace_of_expression(argument), end="")


class CoopCore(gdb.Command):
    """coop core FILE: as generate-core-file, but with the stacks in it."""

    def __init__(self):
        super().__init__("coop core", gdb.COMMAND_SUPPORT)

    def invoke(self, argument, _from_tty):
        if not argument:
            raise gdb.GdbError("coop core needs the name of a file")
        locking = gdb.parameter("scheduler-locking")
        gdb.execute("set scheduler-locking on")  # nobody else runs meanwhile
        try:
            save_with_stacks(argument)
        except gdb.error as error:
            raise gdb.GdbError(f"coop: cannot write {argument}: {error}"
                               ) from None
        finally:
            gdb.execute(f"set scheduler-locking {locking}")


Coop()
CoopTasks()
CoopCore()
CoopBacktrace()
