/* SPDX-License-Identifier: MIT */
/* The tree is two arrays of children; it is walked until that took 20 ms. */
#include "walk_scripts.h"

const struct micro_script micro_walk_node = {
    "node", "-e",
    "const size = 2 ** 14 - 1, left = [], right = [];\n"
    "function build(first, count) {\n"
    "  if (count == 0) return -1;\n"
    "  const half = count >> 1, root = first + half;\n"
    "  left[root] = build(first, half);\n"
    "  right[root] = build(root + 1, half);\n"
    "  return root;\n"
    "}\n"
    "function* walk(n) {\n"
    "  if (left[n] >= 0) yield* walk(left[n]);\n"
    "  yield n;\n"
    "  if (right[n] >= 0) yield* walk(right[n]);\n"
    "}\n"
    "const root = build(0, size);\n"
    "let n = 1, t = 0, sum = 0;\n"
    "do {\n"
    "  n *= 2;\n"
    "  const begin = process.hrtime.bigint();\n"
    "  for (let i = 0; i < n; i++) for (const v of walk(root)) sum += v;\n"
    "  t = Number(process.hrtime.bigint() - begin);\n"
    "} while (t < 2e7);\n"
    "console.log(t / n / size);\n"};

const struct micro_script micro_walk_python = {
    "python3", "-c",
    "from time import perf_counter_ns\n"
    "size = 2 ** 14 - 1\n"
    "left, right = [-1] * size, [-1] * size\n"
    "def build(first, count):\n"
    "    if count == 0: return -1\n"
    "    half = count >> 1\n"
    "    root = first + half\n"
    "    left[root] = build(first, half)\n"
    "    right[root] = build(root + 1, half)\n"
    "    return root\n"
    "def walk(n):\n"
    "    if left[n] >= 0: yield from walk(left[n])\n"
    "    yield n\n"
    "    if right[n] >= 0: yield from walk(right[n])\n"
    "def run(n):\n"
    "    begin = perf_counter_ns()\n"
    "    for i in range(n): sum(walk(root))\n"
    "    return perf_counter_ns() - begin\n"
    "root = build(0, size)\n"
    "n, t = 1, 0\n"
    "while t < 20000000: n *= 2; t = run(n)\n"
    "print(t / n / size)\n"};

/* Lua has no yield*: a coroutine for each node hands on each value. */
#define LUA(walk)                                                              \
    {                                                                          \
        "lua5.4", "-e",                                                        \
            "local size, left, right = (1 << 14) - 1, {}, {}\n"                \
            "local function build(first, count)\n"                             \
            " if count == 0 then return nil end\n"                             \
            " local half = count >> 1\n"                                       \
            " local root = first + half\n"                                     \
            " left[root] = build(first, half)\n"                               \
            " right[root] = build(root + 1, half)\n"                           \
            " return root\n"                                                   \
            "end\n"                                                            \
            "local yield, wrap = coroutine.yield, coroutine.wrap\n" walk       \
            "local root = build(0, size)\n"                                    \
            "local n, t, sum = 1, 0, 0\n"                                      \
            "repeat\n"                                                         \
            " n = n * 2\n"                                                     \
            " local begin = os.clock()\n"                                      \
            " for i = 1, n do\n"                                               \
            "  for v in walk(root) do sum = sum + v end\n"                     \
            " end\n"                                                           \
            " t = os.clock() - begin\n"                                        \
            "until t > 0.02\n"                                                 \
            "print(t * 1e9 / n / size)\n"                                      \
    }

const struct micro_script micro_walk_lua_each =
    LUA("local function walk(n)\n"
        " return wrap(function()\n"
        "  if left[n] then for v in walk(left[n]) do yield(v) end end\n"
        "  yield(n)\n"
        "  if right[n] then for v in walk(right[n]) do yield(v) end end\n"
        " end)\n"
        "end\n");

const struct micro_script micro_walk_lua_one =
    LUA("local function visit(n)\n"
        " if left[n] then visit(left[n]) end\n"
        " yield(n)\n"
        " if right[n] then visit(right[n]) end\n"
        "end\n"
        "local function walk(n)\n"
        " return wrap(function() visit(n) end)\n"
        "end\n");
