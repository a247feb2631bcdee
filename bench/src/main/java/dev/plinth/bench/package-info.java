/** Benchmarks of Plinth, against native execution and against its peers. */
package dev.plinth.bench;
