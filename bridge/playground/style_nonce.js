// Gives every style element that GraphiQL and its editor make the page's nonce, which the
// Content-Security-Policy asks for. Imported before them.
const nonce = document.querySelector("script[nonce]").nonce;
const createElement = document.createElement;

document.createElement = function (name, options) {
  const element = createElement.call(this, name, options);
  if (element instanceof HTMLStyleElement) {
    element.nonce = nonce;
  }
  return element;
};
