/* markers.js - the decisions of the controller as dots on a chart; each opens
 * its sentence.  Dots that would touch are one. */
import {el, setText, setAttr} from './dom.js';
import {clock, digits3, fixed, whole} from './format.js';

const APART = 18; /* pixels between two dots */
const TOLD = ['lost', 'operator', 'joined', 'left']; /* causes with a colour, the first one wins */

export class Markers {
  /* place(decision): where on the chart's x axis it lies. */
  constructor(chart, place) {
    this.chart = chart;
    this.place = place;
    this.decisions = [];
    this.dots = []; /* buttons, left to right; each shows .group */
    this.open = null; /* index of the decision whose sentence is open */
    this.layer = el('div', {class: 'marks', role: 'group', 'aria-label': 'Decisions'});
    chart.hooks.push((u) => this.draw(u));
    chart.root.addEventListener('keydown', (e) => this.key(e));
    document.addEventListener('pointerdown', (e) => {
      if (this.pop && !this.pop.contains(e.target) && !this.layer.contains(e.target)) this.close(false);
    });
  }

  show(decisions) {
    this.decisions = decisions;
    if (this.chart.u) this.draw(this.chart.u);
  }

  /* Dots of neighbours in reach of each other become one. */
  groups(u) {
    const {min, max} = u.scales.x;
    const groups = [];
    for (const d of this.decisions) {
      const x = this.place(d);
      if (!(x >= min && x <= max)) continue;
      const left = u.valToPos(x, 'x');
      const last = groups[groups.length - 1];
      if (last && Math.abs(left - last.left) < APART) last.all.push(d);
      else groups.push({left, all: [d]});
    }
    return groups;
  }

  draw(u) {
    if (this.layer.parentNode !== u.over) u.over.append(this.layer);
    const groups = this.groups(u);
    while (this.dots.length > groups.length) this.dots.pop().remove();
    groups.forEach((g, i) => {
      const dot = this.dots[i] || this.dot();
      const newest = g.all[g.all.length - 1];
      dot.group = g.all;
      dot.style.left = `${g.left}px`;
      dot.style.setProperty('--rise', `${Math.max(0, u.over.clientHeight - 20)}px`);
      setAttr(dot, 'data-cause', TOLD.find((c) => g.all.some((d) => d.cause === c)) || null);
      setAttr(dot, 'data-many', g.all.length > 1 ? '' : null);
      setAttr(dot, 'aria-label', g.all.length === 1
        ? `Decision ${newest.index}: ${newest.sentence}`
        : `${g.all.length} decisions, the last one: ${newest.sentence}`);
      setAttr(dot, 'aria-expanded', g.all.some((d) => d.index === this.open));
    });
  }

  dot() {
    const dot = el('button', {type: 'button', class: 'mark', 'aria-haspopup': 'dialog', on: {
      mousedown: (e) => e.stopPropagation(),
      dblclick: (e) => e.stopPropagation(),
      click: () => this.show1(dot.group[dot.group.length - 1], dot),
    }});
    this.layer.append(dot);
    this.dots.push(dot);
    return dot;
  }

  /* Open the sentence of `d`; Escape leads back to `from`. */
  show1(d, from) {
    this.from = from || this.from;
    this.open = d.index;
    const at = this.decisions.indexOf(d);
    const step = (text, to) => el('button', {type: 'button', class: 'small', disabled: !to,
      'aria-label': text === '‹' ? 'Earlier decision' : 'Later decision',
      on: {click: () => this.show1(to)}}, text);
    const facts = [
      ['When', `${clock(d.unix_ms / 1000)}, version ${whole(d.version)}`],
      ['Cause', d.cause + (d.who ? `, by ${d.who}` : '')],
      ['Momentum', `${fixed(d.momentum_before)} → ${fixed(d.momentum_after)}`],
      ['Rate', `${digits3(d.learning_rate_before)} → ${digits3(d.learning_rate_after)}`],
      ['Workers', whole(d.workers)],
      d.binding ? ['Limited by', d.binding] : null,
      d.why ? ['Why', d.why] : null,
    ].filter(Boolean);
    const pop = el('div', {class: 'pop', role: 'dialog', 'aria-label': `Decision ${d.index}`, tabindex: '-1'},
      el('div', {class: 'row'}, el('h3', {}, `Decision ${d.index}`),
        step('‹', this.decisions[at - 1]), step('›', this.decisions[at + 1]),
        el('button', {type: 'button', class: 'small', 'aria-label': 'Close', on: {click: () => this.close(true)}}, '×')),
      el('p', {}, d.sentence),
      el('dl', {class: 'facts'}, ...facts.flatMap(([k, v]) => [el('dt', {}, k), el('dd', {}, v)])));
    this.pop?.remove();
    this.pop = pop;
    this.chart.root.append(pop);
    this.settle(d);
    pop.focus();
    this.draw(this.chart.u);
  }

  /* Beside its dot, within the card. */
  settle(d) {
    const u = this.chart.u;
    const card = this.chart.root.getBoundingClientRect();
    const over = u.over.getBoundingClientRect();
    const want = over.left - card.left + u.valToPos(this.place(d), 'x') - this.pop.offsetWidth / 2;
    const most = card.width - this.pop.offsetWidth - 12;
    this.pop.style.left = `${Math.max(12, Math.min(want, most))}px`;
    this.pop.style.bottom = `${card.bottom - over.bottom + 26}px`;
  }

  close(back) {
    this.pop?.remove();
    this.pop = null;
    this.open = null;
    if (this.chart.u) this.draw(this.chart.u);
    if (back && this.from?.isConnected) this.from.focus();
  }

  key(event) {
    if (event.key === 'Escape' && this.pop) {
      this.close(true);
      event.preventDefault();
      return;
    }
    const at = this.dots.indexOf(event.target);
    const to = {ArrowLeft: at - 1, ArrowRight: at + 1}[event.key];
    if (at < 0 || to === undefined || !this.dots[to]) return;
    this.dots[to].focus();
    event.preventDefault();
  }
}

/* The sentence of the newest decision, for the line under the numbers. */
export function showNewest(node, sentence) {
  setText(node, sentence || 'No decision yet: the controller waits for its first worker.');
}
