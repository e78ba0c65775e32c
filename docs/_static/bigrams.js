/* A query is cut as docs/_ext/chinese.py cuts the pages: words of Latin letters and figures, and
   pairs of neighbouring Chinese characters. Kept before searchtools.js, which then uses it. */
var splitQuery = function (query) {
  const terms = [];
  for (const run of query.match(/[\u3400-\u9fff]+|[^\u3400-\u9fff\W]+/g) || []) {
    if (!/[\u3400-\u9fff]/.test(run) || run.length === 1) terms.push(run);
    else for (let n = 0; n + 1 < run.length; n += 1) terms.push(run.slice(n, n + 2));
  }
  return terms;
};
