// SPDX-License-Identifier: MIT
// random.mjs SEED COUNT: random generator programs in the language of
// program.h, each with the transcript that this JavaScript engine gives: what
// generator_programs must print on every back end.

let seed = BigInt(process.argv[2] ?? 1), count = Number(process.argv[3] ?? 100);
const next64 = () => {                       // splitmix64
  seed = (seed + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
  let z = seed;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
  return z ^ (z >> 31n);
};
const below = n => Number(next64() % BigInt(n));

// ---- making a program: [op, number, body, handler, cleanup] ----
let number;
const block = (k, last, depth, few) => {
  const b = [];
  for (let n = 1 + below(few); n > 0; n--) b.push(instruction(k, last, depth));
  return b;
};
const instruction = (k, last, depth) => {
  const r = below(100), n = ++number;
  if (depth < 4 && r < 22) {
    const t = ['T', 0, block(k, last, depth + 1, 3), null, null];
    const kind = below(3);
    if (kind !== 1) t[3] = block(k, last, depth + 1, 2);
    if (kind !== 0) t[4] = block(k, last, depth + 1, 2);
    return t;
  }
  if (depth < 3 && r < 27) return ['L', 0, block(k, last, depth + 1, 2)];
  if (r < 40 && k < last) return ['d', k + 1 + below(last - k)];
  if (r < 42) return ['s', 0];
  if (r < 45) return ['x', below(6)];
  if (r < 48) return ['h', 10 * below(4) + below(6)];
  if (r < 51) return ['i', (below(2) ? 0 : 10 * below(3)) + below(6)];
  if (r < 56) return ['t', n];
  if (r < 60) return ['r', n];
  if (r < 65) return ['l', n];
  return ['y', n];
};
const text = b => b.map(([op, n, body, handler, cleanup]) =>
  op === 's' || op === 'e' ? op
    : op === 'L' ? `L { ${text(body)} }`
    : op === 'T' ? `T { ${text(body)} }` + (handler ? ` C { ${text(handler)} }` : '')
      + (cleanup ? ` F { ${text(cleanup)} }` : '')
    : `${op} ${n}`).join(' ');

// ---- running it ----
const show = v => v === undefined ? 'u' : String(v);
const showError = e => e instanceof TypeError ? 'TypeError' : show(e);
const shared = [['y', 901], ['T', 0, [['y', 902], ['y', 903]], null, [['y', 904]]],
  ['y', 905], ['r', 906]];

const run = (bodies, drive, out) => {
  const instances = [];
  const log = s => out.push('  ' + s);
  const source = (b, me) => b.map(([op, n, body, handler, cleanup]) => {
    switch (op) {
    case 'y': return `log('${me} got ' + show(yield ${n}));`;
    case 'd': return `log('${me} end ' + show(yield* make(${n})));`;
    case 's': return `log('${me} shr ' + show(yield* instances[2]));`;
    case 'x': return `log('${me} shr ' + show(yield* instances[${n}]));`;
    case 'h': return `log('${me} shr ' + show(yield* pass(${n})));`;
    case 'i': return `step('${me}', ${n});`;
    case 'l': return `log('${me} log ${n}');`;
    case 'r': return `if (true) return ${n};`;
    case 't': return `if (true) throw ${n};`;
    case 'e': return `step('${me}', 0);`;
    case 'L': return `for (let i = 0; i < 2; i++) { ${source(body, me)} }`;
    default: return `try { ${source(body, me)} }`
      + (handler ? ` catch (e) { log('${me} catch ' + showError(e)); ${source(handler, me)} }` : '')
      + (cleanup ? ` finally { log('${me} fin'); ${source(cleanup, me)} }` : '');
    }
  }).join('\n');
  const step = (me, n) => {
    let s;
    try {
      const it = instances[n % 10], how = Math.floor(n / 10);
      const r = how === 0 ? it.next() : how === 1 ? it.throw(7000 + n) : it.return(7000 + n);
      s = `${show(r.value)} ${r.done ? 'done' : 'more'}`;
    } catch (e) { s = '! ' + showError(e); }
    log(`${me} re ${s}`);
  };
  const pass = n => {
    const to = instances[n % 10], methods = Math.floor(n / 10);
    const p = { [Symbol.iterator]() { return this; }, next: v => to.next(v) };
    if (methods & 1) p.throw = v => to.throw(v);
    if (methods & 2) p.return = v => to.return(v);
    return p;
  };
  const functions = [];
  const make = k => functions[k]();
  const compile = (b, me) => new Function('log', 'show', 'showError', 'make', 'instances', 'step', 'pass',
    `return function* () { ${source(b, me)} }`)(log, show, showError, make, instances, step, pass);
  bodies.forEach((b, k) => { functions[k] = compile(b, 'g' + k); });
  instances.push(make(0), make(0), compile(shared, 'gS')(), make(1), make(1), make(1));
  for (const [op, index, v] of drive) {
    let s;
    try {
      const it = instances[index];
      const r = op === 'n' ? it.next(v) : op === 't' ? it.throw(v) : it.return(v);
      s = `${show(r.value)} ${r.done ? 'done' : 'more'}`;
    } catch (e) { s = '! ' + showError(e); }
    log('= ' + s);
  }
};

for (let c = 0; c < count; c++) {
  const last = 1 + below(4), bodies = [], drive = [], out = [];
  number = 0;
  for (let k = 0; k <= last; k++) bodies.push(block(k, last, 0, 5));
  for (let i = 0; i < 20; i++) {
    const r = below(100), index = below(10);
    drive.push([r < 72 ? 'n' : r < 86 ? 't' : 'r', index < 5 ? 0 : index < 7 ? 1 : 2 + below(4), 1000 + i]);
  }
  run(bodies, drive, out);
  console.log(`case ${process.argv[2] ?? 1}.${c}`);
  bodies.forEach((b, k) => console.log(`g${k}: ${text(b)}`));
  console.log('drive: ' + drive.map(([op, i, v]) => `${op}${i} ${v}`).join(' , '));
  if (out.length) console.log(out.join('\n'));
  console.log('end');
}
