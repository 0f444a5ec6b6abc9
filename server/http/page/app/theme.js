/* theme.js - light, dark, or as the system; remembered on this machine. */
import {setText} from './dom.js';

const KEY = 'flywheel-theme';
const NEXT = {auto: 'light', light: 'dark', dark: 'auto'};
const NAME = {auto: 'as the system', light: 'light', dark: 'dark'};

export class Theme {
  constructor() {
    this.system = matchMedia('(prefers-color-scheme: dark)');
    this.choice = NAME[localStorage.getItem(KEY)] ? localStorage.getItem(KEY) : 'auto';
    this.button = document.getElementById('theme');
    this.button.addEventListener('click', () => {
      this.choice = NEXT[this.choice];
      localStorage.setItem(KEY, this.choice);
      this.apply();
    });
    this.system.addEventListener('change', () => this.apply());
    this.apply();
  }

  apply() {
    const dark = this.choice === 'dark' || (this.choice === 'auto' && this.system.matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    setText(document.getElementById('theme-text'), this.choice);
    this.button.setAttribute('aria-label', `Theme: ${NAME[this.choice]}`);
    document.dispatchEvent(new CustomEvent('theme'));
  }
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
