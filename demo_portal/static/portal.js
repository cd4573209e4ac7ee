/* The page around an embedded application: opens it by a form POST into a frame, and answers BX24.js. */
(function () {
  'use strict';

  var viewer = JSON.parse(document.getElementById('viewer').textContent);
  var frames = {};

  function element(tag, attributes, children) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { node.setAttribute(name, attributes[name]); });
    (children || []).forEach(function (child) {
      node.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
    });
    return node;
  }

  function post(path, value) {
    return fetch(path + '?' + new URLSearchParams({as: viewer.user, lang: viewer.lang}), {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify(value || {})
    }).then(function (response) { return response.json(); });
  }

  function linkTo(path) {
    var address = new URL(path, window.location.origin);
    address.searchParams.set('as', viewer.user);
    address.searchParams.set('lang', viewer.lang);
    return address;
  }

  /* --- the application's frame ------------------------------------------------------------------------------- */

  function embed(holder, placement, options, handler) {
    holder.textContent = '';
    return post('/demo/launch', {placement: placement, options: options || {}, handler: handler || ''}).then(function (launch) {
      if (launch.refused) {
        holder.appendChild(element('div', {class: 'notice'}, [launch.refused]));
        return;
      }
      var frame = element('iframe', {
        name: launch.frame, class: 'app-frame', allow: 'clipboard-write', title: viewer.app, 'data-sid': launch.sid
      });
      holder.appendChild(frame);
      frames[launch.sid] = {launch: launch, frame: frame, holder: holder};
      var form = element('form', {method: 'POST', action: launch.action, target: launch.frame, hidden: ''});
      Object.keys(launch.body).forEach(function (name) {
        form.appendChild(element('input', {type: 'hidden', name: name, value: launch.body[name]}));
      });
      document.body.appendChild(form);
      form.submit();
      form.remove();
    });
  }

  var commands = {
    getInitData: function (open, value, reply) {
      var launch = open.launch;
      reply({
        lang: viewer.lang,
        isAdmin: viewer.admin,
        auth: launch.auth,
        placement: launch.placement,
        options: launch.options,
        firstRun: launch.installing
      });
    },
    refreshAuth: function (open, value, reply) {
      post('/demo/refresh', {sid: open.launch.sid}).then(reply);
    },
    installFinish: function (open) {
      post('/demo/install-finish', {sid: open.launch.sid}).then(function () { window.location.reload(); });
    },
    resizeWindow: function (open, value) {
      if (viewer.fixedSliders && open.holder.closest('.slider')) {
        return;
      }
      if (value.width !== '100%') {
        open.frame.style.width = value.width + 'px';
      }
      open.frame.style.height = value.height + 'px';
    },
    scrollParentWindow: function (open, value) { window.scrollTo(0, value.position); },
    reloadWindow: function () { window.location.reload(); },
    setTitle: function (open, value) {
      var slider = open.holder.closest('.slider');
      var place = slider ? slider.querySelector('.slider-title') : document.querySelector('.page-title');
      if (place) {
        place.textContent = value.title;
      }
    },
    openPath: function (open, value, reply) {
      if (viewer.mobile) {
        reply({result: 'error', errorCode: 'METHOD_NOT_SUPPORTED_ON_DEVICE'});
        return;
      }
      if (value.path.charAt(0) !== '/' || value.path.charAt(1) === '/') {
        reply({result: 'error', errorCode: 'PATH_NOT_AVAILABLE'});
        return;
      }
      openSlider(value.path, function () { reply({result: 'close'}); });
    },
    openApplication: function (open, value, reply) {
      openAppSlider(viewer.app, 'DEFAULT', value.options, '', function () { reply({}); });
    },
    closeApplication: function (open) {
      var slider = open.holder.closest('.slider');
      if (slider) {
        slider.closeSlider();
      }
    },
    selectUsers: function (open, value, reply) { selectUsers(value, reply); },
    selectAccess: function (open, value, reply) { selectAccess(value, reply); },
    placementCall: function (open, value, reply) { reply({result: 'error', errorCode: 'METHOD_NOT_FOUND'}); }
  };

  window.addEventListener('message', function (event) {
    var message;
    try {
      message = JSON.parse(event.data);
    } catch (error) {
      return;
    }
    var open = message && frames[message.sid];
    if (!open || event.origin !== open.launch.origin || event.source !== open.frame.contentWindow) {
      return;
    }
    if (commands[message.bx24]) {
      commands[message.bx24](open, message.value || {}, function (value) {
        event.source.postMessage(JSON.stringify({bx24reply: message.id, sid: message.sid, value: value}), event.origin);
      });
    }
  });

  /* --- sliders ----------------------------------------------------------------------------------------------- */

  function makeSlider(title, path, onClose) {
    var closer = element('button', {class: 'slider-close', type: 'button', 'aria-label': viewer.words.close}, ['×']);
    var body = element('div', {class: 'slider-body'});
    var panel = element('div', {class: 'slider', role: 'dialog', 'aria-label': title}, [
      element('div', {class: 'slider-head'}, [
        element('div', {class: 'slider-title'}, [title]),
        element('code', {class: 'slider-path'}, [path])
      ]),
      body
    ]);
    var shade = element('div', {class: 'shade'}, [closer, panel]);
    panel.closeSlider = function () {
      if (!shade.parentNode) {
        return;
      }
      shade.remove();
      document.removeEventListener('keydown', onKey);
      if (onClose) {
        onClose();
      }
    };
    function onKey(event) {
      if (event.key === 'Escape') {
        panel.closeSlider();
      }
    }
    document.addEventListener('keydown', onKey);
    closer.addEventListener('click', panel.closeSlider);
    shade.addEventListener('click', function (event) {
      if (event.target === shade) {
        panel.closeSlider();
      }
    });
    document.body.appendChild(shade);
    closer.focus();
    return body;
  }

  function openSlider(path, onClose) {
    var address = linkTo(path);
    address.searchParams.set('IFRAME', 'Y');
    address.searchParams.set('from', 'rest_placement');
    var body = makeSlider(viewer.words.slider, path, onClose);
    body.appendChild(element('iframe', {class: 'page-frame', src: address.pathname + address.search, title: path}));
  }

  function openAppSlider(title, placement, options, handler, onClose) {
    var body = makeSlider(title, placement, onClose);
    body.classList.toggle('fixed', viewer.fixedSliders);
    embed(body, placement, options, handler);
  }

  /* A dialogue over `rows` ({id, name, hint}); `done` gets the chosen ones as {id, name}, as the documentation has it. */
  function choose(rows, several, done) {
    var chosen = {};
    var list = element('div', {class: 'user-list'});
    rows.forEach(function (each) {
      var row = element('button', {type: 'button', class: 'user-row', 'aria-pressed': 'false'}, [
        element('span', {class: 'avatar', 'aria-hidden': 'true'}, [each.name.charAt(0)]), each.name, element('small', {}, [each.hint])
      ]);
      row.addEventListener('click', function () {
        row.setAttribute('aria-pressed', String(row.classList.toggle('chosen')));
        if (chosen[each.id]) {
          delete chosen[each.id];
        } else {
          chosen[each.id] = {id: each.id, name: each.name};
        }
        if (!several) {
          finish();
        }
      });
      list.appendChild(row);
    });
    var ok = element('button', {type: 'button', class: 'button primary'}, [viewer.words.choose]);
    var dialog = element('dialog', {class: 'dialog', 'aria-label': viewer.words.users}, [
      element('h2', {}, [viewer.words.users]), list, ok
    ]);
    function finish() {
      dialog.remove();
      var result = Object.keys(chosen).map(function (id) { return chosen[id]; });
      done(several ? result : result[0]);
    }
    ok.addEventListener('click', finish);
    document.body.appendChild(dialog);
    dialog.showModal();
  }

  function selectUsers(value, reply) {
    fetch('/demo/users').then(function (response) { return response.json(); }).then(function (users) {
      choose(users, value.several, reply);
    });
  }

  function selectAccess(value, reply) {
    fetch('/demo/access?lang=' + viewer.lang).then(function (response) { return response.json(); }).then(function (rights) {
      choose(rights.filter(function (right) { return value.blocked.indexOf(right.id) < 0; }), true, reply);
    });
  }

  /* --- the portal's own page --------------------------------------------------------------------------------- */

  document.querySelectorAll('[data-embed]').forEach(function (holder) {
    embed(holder, holder.dataset.embed, JSON.parse(holder.dataset.options || '{}'), holder.dataset.handler);
  });

  document.querySelectorAll('[data-open-app]').forEach(function (item) {
    item.addEventListener('click', function () {
      var menu = item.closest('details');
      if (menu) {
        menu.open = false;
      }
      openAppSlider(item.textContent.trim(), item.dataset.openApp, JSON.parse(item.dataset.options || '{}'), item.dataset.handler);
    });
  });

  document.querySelectorAll('[data-tab]').forEach(function (tab) {
    tab.addEventListener('click', function () {
      document.querySelectorAll('[data-tab]').forEach(function (each) {
        each.setAttribute('aria-selected', String(each === tab));
      });
      document.querySelectorAll('[data-pane]').forEach(function (pane) { pane.hidden = pane.dataset.pane !== tab.dataset.tab; });
      var pane = document.querySelector('[data-pane="' + tab.dataset.tab + '"]');
      if (pane.dataset.lazyEmbed && !pane.dataset.opened) {
        pane.dataset.opened = '1';
        embed(pane, pane.dataset.lazyEmbed, JSON.parse(pane.dataset.options || '{}'), pane.dataset.handler);
      }
    });
  });

  document.querySelectorAll('[data-switch]').forEach(function (select) {
    select.addEventListener('change', function () {
      var address = new URL(window.location.href);
      address.searchParams.set(select.dataset.switch, select.value);
      window.location = address;
    });
  });

  document.querySelectorAll('[data-post]').forEach(function (button) {
    button.addEventListener('click', function () {
      post(button.dataset.post, JSON.parse(button.dataset.value || '{}')).then(function () { window.location.reload(); });
    });
  });
})();
