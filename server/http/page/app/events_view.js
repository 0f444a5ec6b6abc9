/* events_view.js - what happened to a job, newest first: its own events and the
 * decisions of its controller. */
import {el, selector, setAttr, setText} from './dom.js';
import {clock} from './format.js';

const KINDS = [[/alarm/, 'warn'], [/lost|quarantin|degraded|fail/, 'bad'],
  [/join|saved|recover|release|start/, 'good']];
const kindOf = (word) => (KINDS.find(([pattern]) => pattern.test(word)) || [null, ''])[1];

export class EventsView {
  constructor() {
    this.kind = 'all';
    this.list = el('ul', {class: 'log'});
    this.empty = el('p', {class: 'empty'}, el('strong', {}, 'Nothing has happened yet'));
    this.root = el('section', {class: 'panel', 'aria-label': 'Events'},
      el('div', {class: 'head'}, selector('Show', [['all', 'all'], ['events', 'events'],
        ['decisions', 'decisions']], 'all', (v) => {
        this.kind = v;
        this.draw();
      })),
      el('div', {class: 'card'}, this.list, this.empty));
    this.items = [];
  }

  show(events, decisions) {
    this.items = [
      ...events.map((e) => ({kind: 'events', time: timeOf(e.time), word: e.event, text: e.text})),
      ...decisions.map((d) => ({kind: 'decisions', time: d.unix_ms / 1000,
        word: `decision ${d.index}`, text: d.sentence})),
    ].sort((a, b) => b.time - a.time);
    this.draw();
  }

  draw() {
    const items = this.items.filter((i) => this.kind === 'all' || i.kind === this.kind);
    this.empty.hidden = items.length > 0;
    while (this.list.children.length > items.length) this.list.lastChild.remove();
    items.forEach((item, i) => {
      const li = this.list.children[i] || this.list.appendChild(el('li', {},
        el('time'), el('span', {}, el('span', {class: 'badge'})), el('p')));
      const word = li.children[1].firstChild;
      setText(li.children[0], clock(item.time));
      setText(word, item.word.replace(/_/g, ' '));
      setAttr(word, 'class', `badge ${kindOf(item.word)}`);
      setText(li.children[2], item.text);
    });
  }
}

/* Seconds since 1970, whether they came as seconds, milliseconds or ISO text. */
export function timeOf(time) {
  if (typeof time === 'string') return Date.parse(time) / 1000;
  return time > 1e11 ? time / 1000 : time;
}
