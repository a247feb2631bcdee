/**
 * What the author of a platform needs to test it: contract tests that every platform must pass, and
 * a mock platform.
 */
package dev.plinth.testkit;
