/**
 * A platform written as a plugin: the template to start another one from. It executes the
 * instructions of a program in Java.
 */
package dev.plinth.example.emulator;
