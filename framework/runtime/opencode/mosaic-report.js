// Tells the fleet what opencode is doing. It belongs in opencode's `plugin` folder, or its path into
// the list `plugin` of its config.
import { spawn } from "node:child_process"

// One report after the other: two that overtake each other would leave the older word.
let last = Promise.resolve()

function report(event) {
  const told = () =>
    new Promise((done) => {
      // Never in opencode's way: a report that fails is the fleet's concern, not the agent's.
      const child = spawn("mosaic-tui", ["session", "report", "--hook", "opencode"], { stdio: ["pipe", "ignore", "ignore"] })
      child.on("error", () => done())
      child.on("close", () => done())
      child.stdin.on("error", () => {})
      child.stdin.end(JSON.stringify(event))
    })
  last = last.then(told)
}

export const MosaicReport = async () => {
  if (!process.env.MOSAIC_AGENT_NAME) return {}
  return {
    // The prompt as it was submitted, with the id of the message in its frame.
    "chat.message": async (_input, output) => {
      const text = (output.parts ?? []).filter((part) => part.type === "text").map((part) => part.text)
      report({ type: "chat.message", text: text.join("\n") })
    },
    event: async ({ event }) => {
      const properties = event.properties ?? {}
      switch (event.type) {
        case "session.status":
          return report({ type: event.type, status: String(properties.status?.type ?? "") })
        case "session.error":
          return report({ type: event.type, error: String(properties.error?.data?.message ?? properties.error?.name ?? "error") })
        case "session.idle":
        case "permission.asked":
        case "permission.updated":
        case "permission.replied":
          return report({ type: event.type })
      }
    },
  }
}
