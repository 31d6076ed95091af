/* Staff pages: keys that press the buttons on the page, and small savings of effort. Everything works without it. */
(function () {
  'use strict';
  var doc = document;
  var store = null;
  try { store = window.localStorage; } catch (e) { store = null; }

  function all(selector, root) { return Array.prototype.slice.call((root || doc).querySelectorAll(selector)); }
  function one(selector, root) { return (root || doc).querySelector(selector); }
  function shown(el) { return !!(el && el.getClientRects().length); }

  /* The switch 启用快捷键 (WCAG 2.1.4): on unless this browser was told otherwise. */
  var off = false;
  try { off = !!store && store.getItem('wenji.keys') === 'off'; } catch (e) { off = false; }
  all('[data-keys-switch]').forEach(function (label) {
    var box = one('input', label);
    label.hidden = false;
    box.checked = !off;
    box.addEventListener('change', function () {
      off = !box.checked;
      all('[data-keys-switch] input').forEach(function (other) { other.checked = !off; });
      try { if (store) { store.setItem('wenji.keys', off ? 'off' : 'on'); } } catch (e) { /* this page only */ }
    });
  });
  all('[data-script]').forEach(function (el) { el.hidden = false; });

  /* What is to be mended is read first. */
  var problems = doc.getElementById('problems');
  if (problems) { problems.focus(); }

  /* Rows of the queue: J and K move the focus, X ticks. */
  function rows() { return all('[data-row]'); }
  function currentRow(list) {
    var at = doc.activeElement, i;
    for (i = 0; i < list.length; i++) { if (list[i].contains(at)) { return i; } }
    return -1;
  }
  function move(step) {
    var list = rows(), i;
    if (!list.length) { return press(step > 0 ? 'J' : 'K'); }
    i = currentRow(list);
    i = i < 0 ? (step > 0 ? 0 : list.length - 1) : i + step;
    if (i < 0 || i >= list.length) { return true; }
    one('a', list[i]).focus();
    return true;
  }
  function tick() {
    var list = rows(), i = currentRow(list), box = i < 0 ? null : one('input[type=checkbox]', list[i]);
    if (!box || box.disabled) { return false; }
    box.checked = !box.checked;
    count();
    return true;
  }
  function count() {
    var ticked = all('[data-row] input:checked').length;
    all('[data-picked]').forEach(function (el) { el.textContent = '已选' + ticked + '条'; });
  }
  all('[data-row] input').forEach(function (box) { box.addEventListener('change', count); });
  all('[data-pick-all]').forEach(function (button) {
    button.addEventListener('click', function () {
      var boxes = all('[data-row] input:not([disabled])');
      var every = boxes.every(function (b) { return b.checked; });
      boxes.forEach(function (b) { b.checked = !every; });
      count();
    });
  });
  count();

  /* Pressing what stands on the page: a button is pressed, a link to a section opens it and goes to its first field. */
  function pressElement(el) {
    if (!shown(el) || el.disabled) { return false; }
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)) { el.focus(); return true; }
    el.click();
    return true;
  }
  function press(key) { return pressElement(one('[data-key="' + key + '"]')); }
  function pressNth(n) { return pressElement(all('[data-act]').filter(shown)[n - 1]); }
  function openTarget() {
    var id = window.location.hash.slice(1), section = id && doc.getElementById(id), field;
    if (!section || !/(^|\s)d-act(\s|$)/.test(section.className)) { return; }
    field = one('input:not([type=hidden]), textarea, select', section);
    if (field) { field.focus(); }
  }
  window.addEventListener('hashchange', openTarget);
  all('a[data-act][href^="#"]').forEach(function (link) {
    link.addEventListener('click', function () { window.setTimeout(openTarget, 0); });
  });

  /* The list of keys, as a dialog. */
  var help = doc.getElementById('keys'), before = null;
  function openHelp() {
    if (!help || help.getAttribute('data-open')) { return false; }
    before = doc.activeElement;
    help.setAttribute('data-open', 'yes');
    help.setAttribute('role', 'dialog');
    help.setAttribute('aria-modal', 'true');
    one('[data-close]', help).focus();
    return true;
  }
  function closeHelp() {
    help.removeAttribute('data-open');
    help.removeAttribute('role');
    help.removeAttribute('aria-modal');
    if (before && before.focus) { before.focus(); }
  }
  function keepInside(event) {
    var stops = all('a, button, input', help).filter(shown), last = stops[stops.length - 1];
    if (event.shiftKey && doc.activeElement === stops[0]) { last.focus(); event.preventDefault(); }
    if (!event.shiftKey && doc.activeElement === last) { stops[0].focus(); event.preventDefault(); }
  }
  if (help) {
    all('a[href="#keys"]').forEach(function (link) {
      link.addEventListener('click', function (event) { event.preventDefault(); openHelp(); });
    });
    one('[data-close]', help).addEventListener('click', function (event) { event.preventDefault(); closeHelp(); });
  }

  function inField(el) {
    if (!el || !el.tagName) { return false; }
    if (el.isContentEditable || el.tagName === 'TEXTAREA' || el.tagName === 'SELECT') { return true; }
    return el.tagName === 'INPUT' && !/^(checkbox|radio|button|submit)$/.test(el.type);
  }
  var letters = { KeyA: 'A', KeyE: 'E', KeyR: 'R', KeyN: 'N', KeyU: 'U' };
  function act(code, shift) {
    var digit = /^(?:Digit|Numpad)([1-6])$/.exec(code);
    if (code === 'Slash') { return shift ? openHelp() : press('/'); }
    if (shift) { return false; }
    if (digit) { return pressNth(+digit[1]); }
    if (code === 'KeyJ') { return move(1); }
    if (code === 'KeyK') { return move(-1); }
    if (code === 'KeyX') { return tick(); }
    return letters[code] ? press(letters[code]) : false;
  }
  doc.addEventListener('keydown', function (event) {
    if (event.isComposing || event.keyCode === 229) { return; }
    if (help && help.getAttribute('data-open')) {
      if (event.keyCode === 27) { closeHelp(); event.preventDefault(); }
      if (event.keyCode === 9) { keepInside(event); }
      return;
    }
    if (off || event.repeat || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || inField(event.target)) { return; }
    if (act(event.code, event.shiftKey)) { event.preventDefault(); }
  });

  /* One send for each form; a file to download leaves the page as it is. */
  all('form[method=post]').forEach(function (form) {
    var sent = false;
    form.addEventListener('submit', function (event) {
      if (sent) { event.preventDefault(); return; }
      sent = true;
      if (form.hasAttribute('data-download')) { window.setTimeout(function () { sent = false; }, 2000); }
    });
    window.addEventListener('pageshow', function () { sent = false; });
  });

  /* 隐去所选文字 puts the marks round the selection. */
  all('[data-hide]').forEach(function (button) {
    button.addEventListener('click', function () {
      var area = doc.getElementById(button.getAttribute('data-hide')), a = area.selectionStart, b = area.selectionEnd;
      if (a === b) { area.focus(); return; }
      area.value = area.value.slice(0, a) + '⟦' + area.value.slice(a, b) + '⟧' + area.value.slice(b);
      area.focus();
      area.setSelectionRange(b + 2, b + 2);
    });
  });

  /* Five minutes before the session ends, say so; 继续使用 keeps it. */
  var idle = one('[data-idle]'), timer = 0;
  function watch() {
    window.clearTimeout(timer);
    idle.hidden = true;
    timer = window.setTimeout(function () { idle.hidden = false; }, 25 * 60 * 1000);
  }
  if (idle) {
    watch();
    one('button', idle).addEventListener('click', function () {
      var request = new XMLHttpRequest();
      request.open('GET', idle.getAttribute('data-idle'));
      request.onload = function () {
        if (request.status === 200 && request.responseURL.indexOf('/staff/login') < 0) { watch(); return; }
        window.location.reload();
      };
      request.send();
    });
  }
  window.addEventListener('DOMContentLoaded', openTarget);
  if (doc.readyState !== 'loading') { openTarget(); }
})();
