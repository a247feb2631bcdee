/**
 * The application kernel: Linux as the programs in a sandbox see it. Each package below is one
 * Linux noun.
 */
package dev.plinth.kernel;
