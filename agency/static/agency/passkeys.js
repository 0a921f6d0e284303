"use strict";
/* Passkeys: what the server asks for goes to the browser, and what the browser makes goes back in the form.
   <form data-passkey="make|use" data-options="id of the JSON" or data-options-url="where to get it">. */
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function asked(form) {
    if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
    const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  async function make(options, alone) {
    const wanted = options.creation_options.publicKey;
    const found = await navigator.credentials.create({ publicKey: {
      ...wanted,
      challenge: bytes(wanted.challenge),
      user: { ...wanted.user, id: bytes(wanted.user.id) },
      excludeCredentials: known(wanted.excludeCredentials),
      authenticatorSelection: {
        ...wanted.authenticatorSelection,
        residentKey: alone ? "required" : "discouraged",
        requireResidentKey: alone,
        userVerification: alone ? "required" : "preferred",
      },
    } });
    return written(found, {
      attestationObject: text(found.response.attestationObject),
      transports: found.response.getTransports ? found.response.getTransports() : [],
    });
  }

  async function use(options) {
    const wanted = options.request_options.publicKey;
    const found = await navigator.credentials.get({ publicKey: {
      ...wanted, challenge: bytes(wanted.challenge), allowCredentials: known(wanted.allowCredentials),
    } });
    const { authenticatorData, signature, userHandle } = found.response;
    return written(found, {
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    });
  }

  function written(found, response) {
    return {
      type: found.type,
      id: found.id,
      rawId: text(found.rawId),
      authenticatorAttachment: found.authenticatorAttachment,
      response: { clientDataJSON: text(found.response.clientDataJSON), ...response },
      clientExtensionResults: found.getClientExtensionResults(),
    };
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const said = form.querySelector("[data-said]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      said.hidden = true;
      try {
        const alone = form.elements.passwordless ? form.elements.passwordless.checked : false;
        const options = await asked(form);
        const found = form.dataset.passkey === "make" ? await make(options, alone) : await use(options);
        form.elements.credential.value = JSON.stringify(found);
        form.submit();
      } catch (error) {
        said.textContent = error.name === "NotAllowedError" ? said.dataset.cancelled : said.dataset.failed;
        said.hidden = false;
      }
    });
  }
})();
