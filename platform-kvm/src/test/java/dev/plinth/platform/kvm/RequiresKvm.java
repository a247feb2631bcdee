package dev.plinth.platform.kvm;

import dev.plinth.api.platform.Availability;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A class of tests that needs KVM: where it cannot be used, all of it is skipped, with the reason.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresKvm.Condition.class)
@interface RequiresKvm {
    /** Asks the platform itself. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            Availability availability = new KvmPlatformFactory().availability(TestingHost.HOST);
            if (!(availability instanceof Availability.Unusable unusable)) {
                return ConditionEvaluationResult.enabled("KVM can be used");
            }
            String reason = "kvm unusable: " + unusable.reason() + "; " + unusable.remedy();
            if (context.getTestMethod().isEmpty()) {
                System.out.println(context.getDisplayName() + " skipped: " + reason);
            }
            return ConditionEvaluationResult.disabled(reason);
        }
    }
}
