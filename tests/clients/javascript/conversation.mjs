/**
 * A program for the JavaScript client: holds the written conversations that it is told to, and tells what happens.
 *
 * It is run in the folder that `@elevenlabs/client` is installed in. Commands come as lines of JSON on standard input,
 * and end with it; events go to standard output. Each names its `conversation`:
 *
 *     {"do": "start", "options": {"agentId": "...", "origin": "ws://..."}, "tools": {...}, "sign": {...}}
 *     {"do": "call", "method": "sendUserMessage", "arguments": ["Hello"]}
 *
 * `tools` says of each tool what it does: {"returns": ...} or {"throws": "..."}. `sign` says where a signed URL is to be
 * asked for first, and with which key: {"url": "http://...", "key": "..."}.
 */

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// a program finds packages beside itself, and these lie where it is run
const client = createRequire(`${process.cwd()}/`).resolve("@elevenlabs/client");
const { Conversation } = await import(client);

const conversations = new Map();

function tellerOf(conversation) {
    return (event, fields = {}) =>
        process.stdout.write(`${JSON.stringify({ conversation, event, ...fields })}\n`);
}

function callbacks(tell) {
    return {
        onStatusChange: ({ status }) => tell("status", { status }),
        onMessage: ({ source, message, event_id }) => tell("message", { source, text: message, event_id }),
        onAgentChatResponsePart: part => tell("part", { type: part.type, text: part.text }),
        onAgentResponseCorrection: correction =>
            tell("correction", {
                original: correction.original_agent_response,
                corrected: correction.corrected_agent_response,
            }),
        onInterruption: ({ event_id }) => tell("interruption", { event_id }),
        onPing: ({ event_id, ping_ms }) => tell("ping", { event_id, ping_ms }),
        onMCPToolApprovalRequest: call => {
            tell("approval_asked", { name: call.tool_name });
            return true;
        },
        onError: (message, context) => tell("error", { message, context }),
        onDebug: info => tell("debug", { type: info.type }),
        onDisconnect: details =>
            tell("disconnect", {
                reason: details.reason,
                code: details.closeCode ?? null,
                text: details.closeReason ?? null,
                message: details.message ?? null,
            }),
    };
}

function toolOf(tell, name, behaviour) {
    return async parameters => {
        tell("tool_called", { name, parameters });
        if ("throws" in behaviour) throw new Error(behaviour.throws);
        return behaviour.returns;
    };
}

async function signedUrl({ url, key }) {
    const response = await fetch(url, { headers: { "xi-api-key": key } });
    return (await response.json()).signed_url;
}

const commands = {
    async start(tell, number, { options, tools = {}, sign }) {
        const clientTools = Object.fromEntries(
            Object.entries(tools).map(([name, behaviour]) => [name, toolOf(tell, name, behaviour)]),
        );
        try {
            const further = sign ? { signedUrl: await signedUrl(sign) } : {};
            const conversation = await Conversation.startSession({
                connectionType: "websocket",
                textOnly: true,
                clientTools,
                ...callbacks(tell),
                ...options,
                ...further,
            });
            conversations.set(number, conversation);
            const { protocol } = conversation.connection.socket;
            tell("connect", { conversation_id: conversation.getId(), protocol });
        } catch (error) {
            tell("failed", {
                name: error.name,
                code: error.closeCode ?? null,
                text: error.closeReason ?? null,
                message: error.message,
            });
        }
    },

    async call(tell, number, { method, arguments: given }) {
        let error = null;
        try {
            await conversations.get(number)[method](...given);
        } catch (problem) {
            error = String(problem);
        }
        tell("called", { method, error });
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    const { conversation, do: name, ...fields } = JSON.parse(line);
    // not awaited: a conversation that never begins must not keep others waiting
    void commands[name](tellerOf(conversation), conversation, fields);
}
for (const conversation of conversations.values()) await conversation.endSession();
