// The page's settings are in its address, but for the token: addresses end in logs. It is in the tab's session storage.
const given = new URLSearchParams(location.search);

export const url = given.get("WS_URL") ?? "ws://localhost:8080/graphql/ws";
export const severities = (given.get("SEVERITIES") ?? "P0,P1").split(",").filter(Boolean);
export const token = sessionStorage.getItem("AUTH_TOKEN");

const levels = ["debug", "info", "warning", "error"] as const;
type Level = (typeof levels)[number];
const least = levels.indexOf((given.get("LOG_LEVEL") ?? "info") as Level);

export function log(level: Level, message: string, fields: object = {}): void {
  if (levels.indexOf(level) < least) return;
  console.log(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
}
