/* BX24.js of the demo portal: our own stand-in with the interface of the library that Bitrix24 serves.
   It learns the portal from the name of its frame (domain|protocol|APP_SID) and talks to the page around it
   by postMessage; both sides look at the origin of every message. */
(function () {
  'use strict';

  var parts = window.name.split('|');
  var params = {domain: parts[0] || '', protocol: parts[1] || '0', sid: parts[2] || ''};
  var origin = (params.protocol === '1' ? 'https://' : 'http://') + params.domain;
  var waiting = {};
  var lastId = 0;
  var state = {initialised: false, asked: false, data: null, auth: null};
  var initHandlers = [];
  var installHandlers = [];

  function ask(command, value, callback) {
    if (!params.sid || window.parent === window) {
      return;
    }
    lastId += 1;
    if (callback) {
      waiting[lastId] = callback;
    }
    window.parent.postMessage(JSON.stringify({bx24: command, id: lastId, sid: params.sid, value: value}), origin);
  }

  window.addEventListener('message', function (event) {
    if (event.origin !== origin || event.source !== window.parent || typeof event.data !== 'string') {
      return;
    }
    var message;
    try {
      message = JSON.parse(event.data);
    } catch (error) {
      return;
    }
    if (message.sid !== params.sid || !message.bx24reply || !waiting[message.bx24reply]) {
      return;
    }
    var callback = waiting[message.bx24reply];
    if (!message.more) {
      delete waiting[message.bx24reply];
    }
    callback(message.value);
  });

  function keepAuth(auth) {
    state.auth = auth && {
      access_token: auth.access_token,
      refresh_token: auth.refresh_token,
      expires_in: Date.now() + auth.expires_in * 1000,
      member_id: auth.member_id,
      domain: params.domain
    };
  }

  function begin() {
    if (state.asked) {
      return;
    }
    state.asked = true;
    ask('getInitData', null, function (data) {
      state.data = data;
      keepAuth(data.auth);
      state.initialised = true;
      if (data.firstRun) {
        installHandlers.splice(0).forEach(function (handler) { handler(); });
      }
      runInit();
    });
  }

  function runInit() {
    initHandlers.splice(0).forEach(function (handler) { handler(); });
  }

  function afterSending(callback) {
    if (typeof callback === 'function') {
      window.setTimeout(callback, 0);
    }
  }

  /* The dialogues take a function; whatever else stands in its place is an error, as it would be at the portal. */
  function chosen(callback) {
    if (typeof callback !== 'function') {
      throw new TypeError('a function is expected');
    }
    return callback;
  }

  function Result(answer, status, repeat) {
    this.answer = answer;
    this.status = status;
    this.query = repeat;
  }
  Result.prototype.error = function () {
    return this.answer.error
      ? {
          ex: this.answer,
          status: this.status,
          getError: function () { return this.ex; },
          toString: function () { return this.ex.error + (this.ex.error_description ? ': ' + this.ex.error_description : ''); }
        }
      : null;
  };
  Result.prototype.error_description = function () { return this.answer.error_description; };
  Result.prototype.data = function () { return this.answer.result; };
  Result.prototype.more = function () { return typeof this.answer.next !== 'undefined'; };
  Result.prototype.total = function () { return parseInt(this.answer.total, 10); };
  Result.prototype.time = function () { return this.answer.time; };
  Result.prototype.next = function (callback) {
    if (!this.more()) {
      return false;
    }
    var values = Object.assign({}, this.query.params, {start: this.answer.next});
    BX24.callMethod(this.query.method, values, callback || this.query.callback);
    return true;
  };

  function send(method, values, callback, again) {
    var body = Object.assign({}, values || {}, {auth: state.auth ? state.auth.access_token : ''});
    fetch(origin + '/rest/' + method + '.json', {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify(body)
    }).then(function (response) {
      return response.json().then(function (answer) {
        if (answer.error === 'expired_token' && !again) {
          BX24.refreshAuth(function () { send(method, values, callback, true); });
          return;
        }
        if (callback) {
          callback(new Result(answer, response.status, {method: method, params: values, callback: callback}));
        }
      });
    }, function (error) {
      if (callback) {
        callback(new Result({error: 'NETWORK_ERROR', error_description: String(error)}, 0, {}));
      }
    });
  }

  var BX24 = {
    init: function (handler) {
      if (state.initialised) {
        handler();
        return;
      }
      initHandlers.push(handler);
      begin();
    },
    install: function (handler) {
      if (typeof handler === 'string') {
        var address = handler;
        handler = function () { window.location = address; };
      }
      installHandlers.push(handler);
      begin();
    },
    installFinish: function () { ask('installFinish', null); },
    getAuth: function () {
      return state.initialised && state.auth && state.auth.expires_in > Date.now() ? Object.assign({}, state.auth) : false;
    },
    refreshAuth: function (callback) {
      ask('refreshAuth', null, function (auth) {
        keepAuth(auth);
        if (callback) {
          callback(BX24.getAuth());
        }
      });
    },
    isAdmin: function () { return Boolean(state.data && state.data.isAdmin); },
    getLang: function () { return state.data ? state.data.lang : ''; },
    getDomain: function () { return params.domain.replace(/:(80|443)$/, ''); },
    callMethod: function (method, values, callback) { send(method, values, callback, false); },
    callBatch: function (calls, callback, halt) {
      var commands = Array.isArray(calls) ? [] : {};
      Object.keys(calls).forEach(function (key) {
        var call = calls[key];
        commands[key] = {method: call.method || call[0], params: call.params || call[1] || {}};
      });
      send('batch', {cmd: commands, halt: halt ? 1 : 0}, function (result) {
        var given = result.data() || {};
        var results = Array.isArray(calls) ? [] : {};
        Object.keys(calls).forEach(function (key) {
          var failed = (given.result_error || {})[key];
          results[key] = new Result(
            failed || {result: (given.result || {})[key], total: (given.result_total || {})[key], next: (given.result_next || {})[key]},
            result.status,
            {method: commands[key].method, params: commands[key].params, callback: null}
          );
        });
        callback(results);
      });
    },
    callBind: function (event, handler, authType, callback) {
      BX24.callMethod('event.bind', {event: event, handler: handler, auth_type: authType || 0}, callback);
    },
    callUnbind: function (event, handler, authType, callback) {
      BX24.callMethod('event.unbind', {event: event, handler: handler, auth_type: authType || 0}, callback);
    },
    getScrollSize: function () {
      var body = document.body || document.documentElement;
      var root = document.documentElement;
      return {
        scrollWidth: Math.max(body.scrollWidth, root.offsetWidth),
        scrollHeight: Math.max(body.scrollHeight, body.offsetHeight, root.offsetHeight)
      };
    },
    fitWindow: function (callback) {
      BX24.resizeWindow('100%', BX24.getScrollSize().scrollHeight, callback);
    },
    resizeWindow: function (width, height, callback) {
      height = parseInt(height, 10);
      if (height > 0) {
        ask('resizeWindow', {width: width === '100%' ? width : parseInt(width, 10) || 100, height: height});
        afterSending(callback);
      }
    },
    scrollParentWindow: function (position, callback) {
      ask('scrollParentWindow', {position: parseInt(position, 10) || 0});
      afterSending(callback);
    },
    reloadWindow: function (callback) {
      ask('reloadWindow', null);
      afterSending(callback);
    },
    setTitle: function (title, callback) {
      ask('setTitle', {title: String(title)});
      afterSending(callback);
    },
    openPath: function (path, callback) { ask('openPath', {path: String(path)}, callback); },
    openApplication: function (values, callback) { ask('openApplication', {options: values || {}}, callback); },
    closeApplication: function (callback) {
      ask('closeApplication', null);
      afterSending(callback);
    },
    selectUsers: function (callback) { ask('selectUsers', {several: true}, chosen(callback)); },
    selectUser: function (callback) { ask('selectUsers', {several: false}, chosen(callback)); },
    selectAccess: function (blocked, callback) {
      if (typeof blocked === 'function') {
        callback = blocked;
        blocked = [];
      }
      if (!Array.isArray(blocked)) {
        throw new TypeError('an array of rights is expected');
      }
      ask('selectAccess', {blocked: blocked}, chosen(callback));
    },
    placement: {
      info: function () {
        return {placement: state.data ? state.data.placement : 'DEFAULT', options: state.data ? state.data.options : {}};
      },
      getInterface: function (callback) { callback({command: [], event: []}); },
      call: function (command, values, callback) { ask('placementCall', {command: command, values: values}, callback); },
      bindEvent: function () {}
    },
    isReady: function () { return document.readyState !== 'loading'; },
    ready: function (handler) {
      if (BX24.isReady()) {
        window.setTimeout(handler, 0);
      } else {
        document.addEventListener('DOMContentLoaded', handler);
      }
    },
    bind: function (element, name, handler) { element.addEventListener(name, handler); },
    unbind: function (element, name, handler) { element.removeEventListener(name, handler); },
    proxy: function (method, context) { return method.bind(context); },
    loadScript: function (address, callback) {
      var list = Array.isArray(address) ? address.slice() : [address];
      (function next() {
        if (!list.length) {
          if (callback) {
            callback();
          }
          return;
        }
        var script = document.createElement('script');
        script.src = list.shift();
        script.onload = next;
        document.head.appendChild(script);
      })();
    }
  };

  window.BX24 = BX24;
})();
