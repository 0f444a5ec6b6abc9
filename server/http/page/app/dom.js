/* dom.js - make and change elements. Text goes in as text, never as markup. */

/* el('td', {class: 'num', on: {click: f}}, 'text', child, ...) */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') {
      for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    } else if (value === true) {
      node.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

/* Touches the page only if something changed. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttr(node, name, value) {
  if (value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/* One sentence for those who listen to the page. */
export function say(text) {
  setText(document.getElementById('say'), text);
}

/* A labelled <select>; `options` are [value, text] pairs. */
export function selector(label, options, value, change) {
  const select = el('select', {'aria-label': label, on: {change: () => change(select.value)}},
    ...options.map(([v, text]) => el('option', {value: v}, text)));
  select.value = value;
  return el('label', {class: 'field'}, el('span', {}, label), select);
}
