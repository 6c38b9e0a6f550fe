"use strict";

// The access token lives in this page alone: reload it, and nobody is signed in.
let token = null;
let pending = null;

const NAMES = { totp: "Code of the authenticator app", recovery_code: "Recovery code" };

const at = (id) => document.getElementById(id);

// Tokens are secrets: what is shown of an answer is without them.
const HIDDEN = new Set(["access_token", "refresh_token", "ticket"]);

function show(line, answer) {
  const shown = (key, value) => (HIDDEN.has(key) ? "***" : value);
  at("said").textContent = `${line}\n${JSON.stringify(answer, shown, 2)}`;
}

async function ask(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  if (token !== null) {
    headers.Authorization = `Bearer ${token}`;
  }
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const response = await fetch(`/v1${path}`, { method, headers, body: sent });
  const text = await response.text();
  const answer = text === "" ? null : JSON.parse(text);
  show(`${method} /v1${path}: ${response.status}`, answer);
  if (!response.ok) {
    throw new Error(answer.detail);
  }
  return answer;
}

async function signedIn(answer) {
  if (answer.mfa !== undefined) {
    return secondStep(answer.mfa);
  }
  token = answer.tokens.access_token;
  const { aal } = await ask("GET", "/auth/session");
  at("who").textContent = `${answer.user.email} is signed in (${aal}).`;
  at("register").disabled = at("logout").disabled = false;
}

// What the account has decides what is asked for; a code is typed, and the step goes on from there.
async function secondStep({ ticket, methods }) {
  const coded = methods.filter((method) => method !== "passkey");
  at("second").hidden = false;
  at("by-code").hidden = coded.length === 0;
  at("by-passkey").hidden = !methods.includes("passkey");
  at("method").replaceChildren(...coded.map((method) => new Option(NAMES[method] ?? method, method)));
  pending = ticket;
  if (coded.length === 0) {
    await stepByPasskey();
  } else {
    at("code").focus();
  }
}

async function finish(step) {
  const answer = await ask("POST", "/auth/login/mfa", { ticket: pending, ...step });
  at("second").hidden = true;
  at("code").value = "";
  await signedIn(answer);
}

const stepByCode = () => finish({ method: at("method").value, code: at("code").value });

async function stepByPasskey() {
  const { credential } = await shownPasskey();
  await finish({ method: "passkey", assertion: credential });
}

async function shownPasskey() {
  const asked = await ask("POST", "/auth/passkeys/options");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.options);
  const credential = await navigator.credentials.get({ publicKey });
  return { flow_id: asked.flow_id, credential: credential.toJSON() };
}

async function signUp() {
  const known = { email: at("email").value, password: at("password").value };
  await signedIn(await ask("POST", "/auth/signup", known));
}

async function logIn() {
  const known = { identifier: at("email").value, password: at("password").value };
  await signedIn(await ask("POST", "/auth/login", known));
}

async function register() {
  const asked = await ask("POST", "/users/me/passkeys/options");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.options);
  const credential = await navigator.credentials.create({ publicKey });
  await ask("POST", "/users/me/passkeys", {
    flow_id: asked.flow_id,
    credential: credential.toJSON(),
    name: at("name").value,
  });
}

async function logInByPasskey() {
  const { flow_id, credential } = await shownPasskey();
  await signedIn(await ask("POST", "/auth/passkeys/verify", { flow_id, assertion: credential }));
}

async function logOut() {
  await ask("POST", "/auth/logout", {});
  token = null;
  at("who").textContent = "Nobody is signed in.";
  at("register").disabled = at("logout").disabled = true;
}

function on(id, event, action) {
  at(id).addEventListener(event, async (happened) => {
    happened.preventDefault();
    try {
      await action();
    } catch (error) {
      at("said").textContent += `\n${error.name}: ${error.message}`;
    }
  });
}

on("known", "submit", logIn);
on("signup", "click", signUp);
on("register", "click", register);
on("passkey", "click", logInByPasskey);
on("by-code", "submit", stepByCode);
on("by-passkey", "click", stepByPasskey);
on("logout", "click", logOut);

if (/^[0-9.]+$|:/.test(location.hostname)) {
  const here = new URL(location.href);
  here.hostname = "localhost";
  at("here").href = at("here").textContent = here.href;
  at("elsewhere").hidden = false;
}
