package dev.plinth.cli.checkpoint;

/** What a standard descriptor of a sandbox is on the host. */
enum StdioKind {
    TERMINAL,
    PIPE,
    FILE,
    NULL,
    SOCKET,
    CLOSED,
}
