/* token_dialog.js - asks for the token of a server that wants one. */
import {el} from './dom.js';
import {useToken} from './api.js';

export function watchForToken() {
  const field = el('input', {type: 'password', autocomplete: 'off', required: true});
  const dialog = el('dialog', {'aria-label': 'Token'}, el('form', {method: 'dialog'},
    el('h2', {}, 'This server wants a token'),
    el('p', {class: 'soft'}, 'It is the text of the file that admin.token_file names. This tab forgets it when it is closed.'),
    el('label', {class: 'field'}, 'Token', field),
    el('button', {class: 'main'}, 'Go on')));
  dialog.addEventListener('close', () => {
    if (field.value) useToken(field.value.trim());
    else dialog.showModal();
    field.value = '';
  });
  document.body.append(dialog);
  document.addEventListener('token-wanted', () => dialog.showModal());
}
