/* format.js - numbers as people read them. What is not known is a dash. */

const grouped = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const DASH = '–';
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

export function known(x) {
  return typeof x === 'number' && Number.isFinite(x);
}

export function whole(x) {
  return known(x) ? grouped.format(x) : DASH;
}

/* "1 worker", "1,000 workers" */
export function counted(n, word) {
  return `${whole(n)} ${word}${n === 1 ? '' : 's'}`;
}

export function fixed(x, digits = 3) {
  return known(x) ? x.toFixed(digits).replace(/^-/, '−') : DASH;
}

/* Three significant digits, whatever the size. */
export function digits3(x) {
  if (!known(x)) return DASH;
  const size = Math.abs(x);
  if (size === 0) return '0';
  if (size >= 1e7 || size < 1e-5) return x.toExponential(2).replace('e+', 'e').replace(/-/g, '−');
  if (size >= 100) return grouped.format(x);
  return x.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Number(size.toPrecision(3)))))).replace(/^-/, '−');
}

/* Numbers on an axis, all with as many decimals as the finest step needs. */
export function ticks(values) {
  const steps = values.slice(1).map((v, i) => Math.abs(v - values[i])).filter((d) => d > 0);
  const step = Math.min(...steps, Math.abs(values.find((v) => v) ?? 1));
  if (step < 1e-5 || values.some((v) => Math.abs(v) >= 1e5)) return values.map((v) => short(v));
  let decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (steps.some((d) => Math.abs(d * 10 ** decimals - Math.round(d * 10 ** decimals)) > 1e-6)) decimals += 1;
  return values.map((v) => fixed(v, decimals).replace(/^−(0(\.0*)?)$/, '$1'));
}

/* 1,234 -> 1.23 k */
export function short(x) {
  if (!known(x)) return DASH;
  for (const [size, name] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e4, 'k']]) {
    if (Math.abs(x) >= size) {
      const scaled = x / (name === 'k' ? 1e3 : size);
      return `${scaled >= 100 ? scaled.toFixed(0) : scaled.toPrecision(3)} ${name}`;
    }
  }
  return Math.abs(x) >= 100 ? grouped.format(x) : digits3(x);
}

export function percent(x) {
  return known(x) ? `${(100 * x).toFixed(1)} %` : DASH;
}

export function duration(seconds) {
  if (!known(seconds)) return DASH;
  const s = Math.max(0, Math.round(seconds));
  if (s < 100) return `${s} s`;
  if (s < 100 * MINUTE) return `${Math.round(s / MINUTE)} min`;
  if (s < 2 * DAY) return `${Math.floor(s / HOUR)} h ${Math.floor((s % HOUR) / MINUTE)} min`;
  return `${Math.floor(s / DAY)} d ${Math.floor((s % DAY) / HOUR)} h`;
}

/* Worker-seconds in the unit that suits: [number, unit]. */
export function cost(seconds) {
  if (!known(seconds)) return [DASH, ''];
  if (seconds < 2 * MINUTE) return [seconds.toFixed(0), 'worker-s'];
  if (seconds < 2 * HOUR) return [(seconds / MINUTE).toFixed(1), 'worker-min'];
  return [short(seconds / HOUR), 'worker-h'];
}

const two = (n) => String(n).padStart(2, '0');

/* 16:04:31, with the day if it is not today. */
export function clock(unixSeconds) {
  if (!known(unixSeconds)) return DASH;
  const d = new Date(unixSeconds * 1000);
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return d.toDateString() === new Date().toDateString() ? time : `${day(d)} ${time}`;
}

export function day(d) {
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/* A tick on a time axis whose ticks are `step` seconds apart. */
export function tickTime(unixSeconds, step) {
  const d = new Date(unixSeconds * 1000);
  if (step >= DAY) return day(d).slice(5);
  const time = `${two(d.getHours())}:${two(d.getMinutes())}`;
  return step < MINUTE ? `${time}:${two(d.getSeconds())}` : time;
}
