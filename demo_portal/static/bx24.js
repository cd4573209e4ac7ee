// BX24.js stand-in: to come
