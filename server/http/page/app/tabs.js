/* tabs.js - tabs as screen readers and arrow keys know them. */
import {el, setAttr} from './dom.js';

export class Tabs {
  /* `pages`: [id, name, element]; onPick(id) when one is chosen. */
  constructor(label, pages, onPick) {
    this.pages = pages;
    this.onPick = onPick;
    this.buttons = pages.map(([id, name, panel]) => {
      panel.id = `panel-${id}`;
      setAttr(panel, 'role', 'tabpanel');
      setAttr(panel, 'aria-labelledby', `tab-${id}`);
      setAttr(panel, 'tabindex', '0');
      return el('button', {type: 'button', role: 'tab', id: `tab-${id}`,
        'aria-controls': `panel-${id}`, on: {click: () => onPick(id)}}, name);
    });
    this.root = el('div', {class: 'tabs', role: 'tablist', 'aria-label': label,
      on: {keydown: (e) => this.key(e)}}, ...this.buttons);
  }

  show(id) {
    this.pages.forEach(([page, , panel], i) => {
      const here = page === id;
      panel.hidden = !here;
      setAttr(this.buttons[i], 'aria-selected', here);
      setAttr(this.buttons[i], 'tabindex', here ? 0 : -1);
    });
  }

  key(event) {
    const at = this.buttons.indexOf(document.activeElement);
    const n = this.buttons.length;
    const to = {ArrowRight: (at + 1) % n, ArrowLeft: (at + n - 1) % n, Home: 0, End: n - 1}[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    this.onPick(this.pages[to][0]);
    this.buttons[to].focus();
  }
}
