/** Logging in. */

const WRONG = "invalid_credentials";

/** Listen to the form, and return the function that shows it with a message; *onEntered* is called after a login. */
export function loginForm(session, onEntered) {
  const form = document.querySelector("#login form");
  const { username, password } = form.elements;
  const message = document.getElementById("login-message");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    message.textContent = "";
    try {
      await session.logIn(username.value, password.value);
      form.reset();
      onEntered();
    } catch (error) {
      message.textContent = error.message;
      if (error.code === WRONG) password.focus(); // what was typed stays, for a person to correct
    } finally {
      button.disabled = false;
    }
  });
  return (text) => {
    message.textContent = text;
    (username.value ? password : username).focus();
  };
}
