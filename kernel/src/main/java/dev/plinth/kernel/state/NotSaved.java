package dev.plinth.kernel.state;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A class, or a field of one that is saved, whose state is derived from other state, or is of no
 * meaning after a restore.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.FIELD})
public @interface NotSaved {
    /** Why a restored sandbox does not miss it, or where it comes from then. */
    String value();
}
