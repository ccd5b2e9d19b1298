// What is kept in this browser: entries as store.py has them, one each for an id, in IndexedDB. Several tabs of the
// browser may write at once. Every function rejects where the browser does not let the page store.
const STORE = "answers";

const opened = (() => {
  let database = null;
  return () =>
    (database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open("handwritten-digits", 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" }).createIndex("time", "time");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    }).catch((error) => {
      database = null; // the next call tries again
      throw error;
    }));
})();

// Runs `act` on the store in a transaction; resolves to what the request that it returns, if any, has found.
async function transact(mode, act) {
  const transaction = (await opened()).transaction(STORE, mode);
  const request = act(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error); // full, too
  });
}

const kept = {
  // Newest first.
  list: async () => (await transact("readonly", (store) => store.index("time").getAll())).reverse(),
  count: () => transact("readonly", (store) => store.count()),
  remove: (id) => transact("readwrite", (store) => void store.delete(id)),
  clear: () => transact("readwrite", (store) => void store.clear()),

  // Beyond `most` entries the oldest go.
  put: (entry, most) =>
    transact("readwrite", (store) => {
      store.put(entry);
      const keys = store.index("time").getAllKeys();
      keys.onsuccess = () => keys.result.slice(0, Math.max(0, keys.result.length - most)).forEach((key) => store.delete(key));
    }),
};
