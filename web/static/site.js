/* Only saves effort: every page works without it. ES5, for the engines of old machines. */
(function () {
  'use strict';
  var doc = document;

  function all(selector, root) {
    return Array.prototype.slice.call((root || doc).querySelectorAll(selector));
  }
  function on(node, type, fn) {
    if (node) node.addEventListener(type, fn, false);
  }
  function button(words, fn) {
    var b = doc.createElement('button');
    b.type = 'button';
    b.className = 'plain';
    b.appendChild(doc.createTextNode(words));
    on(b, 'click', fn);
    return b;
  }
  function say(words) {
    var live = doc.getElementById('live');
    if (!live) {
      live = doc.createElement('p');
      live.id = 'live';
      live.className = 'vh';
      live.setAttribute('role', 'status');
      doc.body.appendChild(live);
    }
    live.textContent = '';
    setTimeout(function () { live.textContent = words; }, 100);
  }

  /* Error summary: the focus goes there first; its links put it into the field. */
  var problems = doc.getElementById('problems');
  if (problems) problems.focus();

  /* Length: characters as people count them where the browser can, else code points; line breaks count one. */
  var segmenter = window.Intl && Intl.Segmenter ? new Intl.Segmenter('zh') : null;
  function length(text) {
    var n = 0, each;
    text = text.replace(/\r\n?/g, '\n').replace(/^\s+|\s+$/g, '');
    if (segmenter && text.length < 20000) {
      each = segmenter.segment(text)[Symbol.iterator]();
      while (!each.next().done) n++;
      return n;
    }
    return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g, 'x').length;
  }
  all('[data-count]').forEach(function (field) {
    var line = doc.getElementById('count-' + field.id), timer;
    if (!line) return;
    var most = Number(field.getAttribute('data-count'));
    function show() {
      var left = most - length(field.value);
      line.textContent = left < 0 ? '已超出' + -left + '个字，请删减后再提交。' : '还可以输入' + left + '个字。';
      line.className = left < 0 ? 'problem' : 'hint';
      if (left < 0) say(line.textContent);
    }
    on(field, 'input', function () {
      clearTimeout(timer);
      timer = setTimeout(show, 300);
    });
    show();
  });

  /* Draft of title and opinion, in this tab only; never personal data. */
  var store = null;
  try { store = window.sessionStorage; store.getItem('wenji'); } catch (e) { store = null; }
  var form = doc.querySelector('form[data-draft]');
  if (store && form) {
    ['title', 'body'].forEach(function (name) {
      var field = doc.getElementById(name), key = 'wenji:' + form.getAttribute('data-draft') + ':' + name;
      if (!field) return;
      function keep() {
        try { store.setItem(key, field.value); } catch (e) { /* full or forbidden: nothing is lost on the page */ }
      }
      if (field.value === '' && store.getItem(key)) {
        field.value = store.getItem(key);
        field.dispatchEvent(event('input'));
      } else if (field.value !== '') keep();
      on(field, 'input', keep);
    });
  }
  function event(type) {
    var e = doc.createEvent('Event');
    e.initEvent(type, true, false);
    return e;
  }
  var clear = doc.querySelector('[data-clear]');
  if (store && clear) {
    ['title', 'body'].forEach(function (name) {
      store.removeItem('wenji:' + clear.getAttribute('data-clear') + ':' + name);
    });
  }

  /* Print, copy, read aloud. */
  var speech = window.speechSynthesis && window.SpeechSynthesisUtterance ? window.speechSynthesis : null;
  var readable = doc.querySelector('[data-read]');
  function speakButton() {
    var b = button('语音阅读', function () {
      if (b.getAttribute('aria-pressed') === 'true') return stop();
      b.setAttribute('aria-pressed', 'true');
      b.firstChild.nodeValue = '停止阅读';
      var parts = readable.innerText.match(/[^。；！？\n]+[。；！？]?/g) || [], i = 0;
      (function next() {
        if (i >= parts.length || b.getAttribute('aria-pressed') !== 'true') return stop();
        var u = new SpeechSynthesisUtterance(parts[i++]);
        u.lang = 'zh-CN';
        u.onend = next;
        u.onerror = stop;
        speech.speak(u);
      })();
    });
    function stop() {
      b.removeAttribute('aria-pressed');
      b.firstChild.nodeValue = '语音阅读';
      speech.cancel();
    }
    return b;
  }
  all('[data-tools]').forEach(function (tools) {
    var wanted = tools.getAttribute('data-tools').split(' ');
    if (wanted.indexOf('print') >= 0) tools.appendChild(button('打印本页', function () { window.print(); }));
    if (wanted.indexOf('speak') >= 0 && speech && readable) tools.appendChild(speakButton());
  });
  on(window, 'pagehide', function () { if (speech) speech.cancel(); });

  function copy(text) {
    var area = doc.createElement('textarea'), done = false;
    area.value = text;
    area.className = 'vh';
    doc.body.appendChild(area);
    area.select();
    try { done = doc.execCommand('copy'); } catch (e) { done = false; }
    doc.body.removeChild(area);
    return done;
  }
  all('[data-copy]').forEach(function (node) {
    var words = node.id === 'code' ? '复制查询码' : '复制';
    var b = button(words, function () {
      var done = copy(node.value === undefined ? node.textContent : node.value);
      b.firstChild.nodeValue = done ? '已复制' : '请选中后复制';
      say(b.firstChild.nodeValue + '。');
      b.focus();
      setTimeout(function () { b.firstChild.nodeValue = words; }, 3000);
    });
    node.parentNode.insertBefore(b, node.nextSibling);
  });

  /* Another captcha without leaving the page: only the old token is sent, the new one is read from the answer. */
  var another = doc.querySelector('[data-another]');
  on(another, 'click', function (e) {
    var f = another.form, token = f.elements.captcha_token, request;
    if (!window.XMLHttpRequest || !window.DOMParser) return;
    e.preventDefault();
    request = new XMLHttpRequest();
    request.open('POST', '/captcha');
    request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    request.onload = function () {
      var fresh = null, page;
      if (request.status === 200) {
        page = new DOMParser().parseFromString(request.responseText, 'text/html');
        fresh = page && page.querySelector('input[name=captcha_token]');
      }
      if (!fresh) return failed();
      token.value = fresh.value;
      all('[data-captcha] img').forEach(function (img) { img.src = '/captcha/' + fresh.value + '.png'; });
      all('[data-captcha] audio').forEach(function (audio) { audio.src = '/captcha/' + fresh.value + '.wav'; });
      f.elements.captcha.value = '';
      f.elements.captcha.focus();
      say('验证码已更换。');
    };
    request.onerror = failed;
    request.send('captcha_token=' + encodeURIComponent(token.value) + '&consultation=' + encodeURIComponent(f.elements.consultation.value));
    function failed() { say('验证码没有更换，请稍后再试。'); }
  });

  /* One send at a time. */
  all('form[data-once]').forEach(function (f) {
    var pressed = null, words = '', sent = false;
    all('button', f).forEach(function (b) {
      on(b, 'click', function () { pressed = b; });
    });
    on(f, 'submit', function (e) {
      if (sent) return e.preventDefault();
      sent = true;
      if (pressed && pressed.className.indexOf('main') >= 0) {
        words = pressed.textContent;
        pressed.textContent = '正在提交，请稍候…';
        pressed.setAttribute('aria-disabled', 'true');
      }
      setTimeout(release, 15000);
    });
    function release() {
      sent = false;
      if (pressed && words) {
        pressed.textContent = words;
        pressed.removeAttribute('aria-disabled');
        words = '';
      }
    }
    on(window, 'pageshow', release);
  });
})();
