/* slowness.js - why a worker is slower than the others, as far as the numbers
 * that the server has of it can tell. */
import {counted} from './format.js';

const SLOW = 0.6; /* of the middle rate: slower than this is slow */
const STALE = 3; /* times the mean staleness of all */
const SILENT = 3; /* times the time a gradient of it takes */
const REFUSED = 0.2; /* share of its gradients: it is held back */

export function crewOf(job) {
  const rates = job.worker.filter((w) => w.state === 'connected' && !w.quarantined)
    .map((w) => w.gradients_per_second).sort((a, b) => a - b);
  return {
    middle: rates.length ? rates[rates.length >> 1] : 0,
    staleness: job.staleness.mean || 0,
    rate: rates.reduce((a, b) => a + b, 0), /* gradients a second of all */
  };
}

/* {word, kind, text}; an empty word: it is as fast as the others. */
export function whySlow(w, crew) {
  if (w.state !== 'connected') return {word: '', kind: '', text: ''};
  if (w.quarantined) {
    return {word: 'quarantined', kind: 'bad', text: `Its gradients are refused after ${counted(w.strikes, 'strike')}, until it is released.`};
  }
  if (typeof w.slow === 'string') return {word: w.slow, kind: w.slow ? 'warn' : '', text: ''};
  const rate = w.gradients_per_second;
  const cycle = rate > 0 ? 1 / rate : Infinity;
  const silent = w.silent_ms / 1000;
  const sent = w.gradients + w.refused;
  if (silent > 2 && Number.isFinite(cycle) && silent > SILENT * cycle) {
    return {word: 'silent', kind: 'warn', text: `Nothing for ${silent.toFixed(0)} s; a gradient of it takes ${cycle.toFixed(1)} s.`};
  }
  if (sent > 10 && w.refused / sent > REFUSED) {
    return {word: 'throttled', kind: 'warn', text: `${w.refused} of ${sent} gradients were refused: too stale, or too many at once.`};
  }
  if (rate < SLOW * crew.middle && sent > 2) return slowBecause(w, crew, cycle);
  if (crew.staleness > 1 && w.staleness_mean > STALE * crew.staleness) {
    return {word: 'stale', kind: 'warn', text: `Its gradients are ${w.staleness_mean.toFixed(1)} versions old; the mean is ${crew.staleness.toFixed(1)}.`};
  }
  return {word: '', kind: '', text: ''};
}

/* The versions that pass between its pull and its push, over those a second,
 * are the time it computes and sends; the rest of its cycle it waits. */
function slowBecause(w, crew, cycle) {
  const away = w.staleness_mean / crew.rate;
  const times = `${(crew.middle / w.gradients_per_second).toFixed(1)} times slower than the middle`;
  if (away < cycle / 2) {
    return {word: 'waiting', kind: 'warn', text: `${times}; most of its ${cycle.toFixed(1)} s pass before it asks for parameters: its data or its downlink.`};
  }
  return {word: 'compute', kind: 'warn', text: `${times}; most of its ${cycle.toFixed(1)} s pass between its pull and its push: computing or uplink.`};
}
