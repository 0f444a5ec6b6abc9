/* api.js - ask the server. Every answer is JSON, every failure an ApiError. */

const KEY = 'flywheel-token';
const waiting = [];

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status; /* HTTP's; 0: the server cannot be reached */
  }
}

/* Headers of every request: the token, if this server wants one. */
export function authorization() {
  const token = sessionStorage.getItem(KEY);
  return token ? {Authorization: `Bearer ${token}`} : {};
}

/* Ask for the token, once for all who wait; then it is kept for this tab. */
export function askForToken() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) document.dispatchEvent(new CustomEvent('token-wanted'));
  });
}

export function useToken(token) {
  sessionStorage.setItem(KEY, token);
  for (const resolve of waiting.splice(0)) resolve();
}

export async function failure(response) {
  let message = `the server answered ${response.status}`;
  try {
    message = (await response.json()).error.message || message;
  } catch {
    /* not JSON: the number has to do */
  }
  return new ApiError(response.status, message);
}

export async function getJson(path, signal) {
  let response;
  try {
    response = await fetch(path, {headers: authorization(), signal, cache: 'no-store'});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'the server cannot be reached');
  }
  if (response.status === 401) {
    await askForToken();
    return getJson(path, signal);
  }
  if (!response.ok) throw await failure(response);
  return response.json();
}

export const jobPath = (name) => `/api/v1/jobs/${encodeURIComponent(name)}`;
