/** The {@code plinth} command. */
package dev.plinth.cli;
