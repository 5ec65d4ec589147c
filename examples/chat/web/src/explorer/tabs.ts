// What the explorer opens with: each kind of operation once.

interface Tab {
  query: string;
  variables?: string;
}

export const tabs: Tab[] = [
  {
    query: `# Every room and the last thing said in it.
# Run it with Ctrl-Enter (Cmd-Enter on a Mac).
query Rooms {
  rooms {
    name
    lastMessage {
      author
      text
      sentAt
    }
  }
}
`,
  },
  {
    query: `# Says something. Watch it arrive in the chat
# or in the subscriptions of the next tabs.
mutation Send($room: String!, $text: String!) {
  send(room: $room, text: $text, author: "Explorer") {
    id
    sentAt
  }
}
`,
    variables: JSON.stringify({ room: "general", text: "Hello from the explorer" }, null, 2),
  },
  {
    query: `# A room as it happens: its history first,
# then each message and who is typing.
subscription Room($room: String!) {
  room(name: $room) {
    history {
      author
      text
    }
    message {
      author
      text
      sentAt
    }
    typing
  }
}
`,
    variables: JSON.stringify({ room: "general" }, null, 2),
  },
  {
    query: `# Every message in any room.
subscription Activity {
  activity {
    room
    author
    text
  }
}
`,
  },
];
