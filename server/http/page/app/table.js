/* table.js - a table that sorts, and changes only the cells that changed.
 *
 * A column: {key, label, num, value(row) to sort by, text(row) or node(row, td),
 * hint}.  Rows are kept by their `id(row)`, so focus and place stay. */
import {el, setText, setAttr} from './dom.js';

const MANY = 100; /* rows that are shown unless all are wanted */

export class Table {
  constructor(label, columns, id, sort, down = false) {
    this.columns = columns;
    this.id = id;
    this.sort = sort; /* key of the column to sort by */
    this.down = down; /* largest first */
    this.rows = new Map(); /* id -> tr */
    this.data = [];
    this.body = el('tbody');
    this.heads = columns.map((c) => this.head(c));
    this.all = false; /* however many there are */
    this.more = el('button', {type: 'button', class: 'small', on: {click: () => this.showAll()}});
    this.rest = el('p', {class: 'rest', hidden: true}, this.more);
    this.root = el('div', {class: 'scroll', role: 'region', 'aria-label': label, tabindex: '0'},
      el('table', {}, el('caption', {class: 'hidden'}, label),
        el('thead', {}, el('tr', {}, ...this.heads)), this.body), this.rest);
    this.mark();
  }

  head(c) {
    const arrow = el('span', {class: 'arrow', 'aria-hidden': 'true'});
    return el('th', {scope: 'col', class: c.num ? 'num' : null},
      el('button', {type: 'button', title: c.hint || null, on: {click: () => this.pick(c)}}, c.label, arrow));
  }

  pick(column) {
    this.down = this.sort === column.key ? !this.down : Boolean(column.num);
    this.sort = column.key;
    this.mark();
    this.show(this.data);
  }

  mark() {
    this.columns.forEach((c, i) => {
      const here = c.key === this.sort;
      setAttr(this.heads[i], 'aria-sort', here ? (this.down ? 'descending' : 'ascending') : 'none');
      setText(this.heads[i].querySelector('.arrow'), here ? (this.down ? '↓' : '↑') : '');
    });
  }

  ordered(data) {
    const column = this.columns.find((c) => c.key === this.sort);
    const sign = this.down ? -1 : 1;
    const keyed = data.map((row) => [column.value(row), this.id(row), row]);
    keyed.sort(([a, ia], [b, ib]) => {
      const none = (a === null || a === undefined) - (b === null || b === undefined);
      if (none) return none; /* unknown ones last, either way */
      const order = typeof a === 'string' ? compareNames(a, b) : a - b;
      return sign * order || compareNames(String(ia), String(ib));
    });
    return keyed;
  }

  show(data) {
    this.data = data;
    const rows = this.ordered(data);
    const shown = this.all ? rows.length : MANY;
    this.rest.hidden = rows.length <= shown;
    setText(this.more, `Show all ${rows.length.toLocaleString('en')}; these are the first ${MANY}`);
    this.root.classList.toggle('many', this.all && rows.length > MANY);
    const seen = new Set();
    let place = this.body.firstChild;
    for (const [, id, row] of rows.slice(0, shown)) {
      seen.add(id);
      let tr = this.rows.get(id);
      if (!tr) {
        tr = el('tr', {}, ...this.columns.map((c) => el('td', {class: c.num ? 'num' : c.class || null})));
        this.rows.set(id, tr);
      }
      this.fill(tr, row);
      if (tr === place) place = place.nextSibling;
      else this.body.insertBefore(tr, place);
    }
    for (const [id, tr] of this.rows) {
      if (seen.has(id)) continue;
      tr.remove();
      this.rows.delete(id);
    }
  }

  showAll() {
    this.all = true;
    this.show(this.data);
    this.root.focus();
  }

  fill(tr, row) {
    this.columns.forEach((c, i) => {
      const td = tr.children[i];
      if (c.node) c.node(row, td);
      else setText(td, c.text(row));
    });
  }
}

const names = new Intl.Collator('en', {numeric: true});

export function compareNames(a, b) {
  return names.compare(a, b);
}

/* A word on a coloured ground inside a cell. */
export function badge(td, word, kind, title) {
  if (!td.firstChild || !td.firstChild.classList) td.replaceChildren(el('span', {class: 'badge'}));
  const span = td.firstChild;
  setText(span, word);
  setAttr(span, 'class', `badge ${kind}`);
  setAttr(span, 'title', title || null);
  span.hidden = word === '';
}
