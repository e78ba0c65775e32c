// The optional basemap of 天地图: only with the county's own key, and only once the reader turns it on.

const basemap = { shown: "", tiles: [] };
const BASEMAPS = { vec: ["vec", "cva"], img: ["img", "cia"] };

function setBasemap(key) {
  basemap.tiles.forEach((tiles) => tiles.remove());
  basemap.shown = key;
  basemap.tiles = (BASEMAPS[key] || []).map((layer, i) => L.tileLayer(frame.tianditu.tiles, {
    layer, key: frame.tianditu.key, subdomains: "01234567", maxNativeZoom: 18, maxZoom: 19, zIndex: i + 1,
  }).addTo(map));
  layers.county.redraw(); // its paper would hide the tiles
  drawAttribution();
}

/** The choice of the basemap, or null where the county's file has no key. */
function basemapChoice() {
  if (!frame.tianditu) return null;
  const [chooser] = choice(t("basemap"), [["", t("none")], ["vec", t("tianditu_vec")], ["img", t("tianditu_img")]],
    basemap.shown, setBasemap, "lc-basemap");
  return el("div", {}, chooser, el("p", { class: "lc-note lc-warning" }, t("tianditu_warning")));
}
