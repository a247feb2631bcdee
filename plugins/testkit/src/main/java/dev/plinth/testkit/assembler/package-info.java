/**
 * A small x86-64 assembler, for guest programs of a few instructions.
 *
 * <p>In reading order: {@link dev.plinth.testkit.assembler.GuestAssembler}, {@link
 * dev.plinth.testkit.assembler.GuestProgram}, {@link dev.plinth.testkit.assembler.GuestExecutable},
 * {@link dev.plinth.testkit.assembler.Register}, {@link dev.plinth.testkit.assembler.Condition}.
 *
 * <p>The instructions that have a method of their own are those that even a platform without {@link
 * dev.plinth.api.platform.PlatformFeature#NATIVE_CODE} should execute; every other one is given as
 * bytes. May import nothing of Plinth.
 */
package dev.plinth.testkit.assembler;
