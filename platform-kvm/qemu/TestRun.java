import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

import java.util.List;
import java.util.stream.Stream;

/**
 * Runs classes of tests and says a line for each test, such as {@code passed KvmContractTest
 * mapWithoutAccessIsRefused()}; the script {@code run} boots a machine for it.
 */
final class TestRun implements TestExecutionListener {
    private long begun;

    private TestRun() {}

    public static void main(String[] names) {
        List<? extends DiscoverySelector> classes =
                Stream.of(names).map(name -> selectClass(name)).toList();
        LauncherDiscoveryRequest request =
                LauncherDiscoveryRequestBuilder.request().selectors(classes).build();
        LauncherFactory.create().execute(request, new TestRun());
        System.exit(0);
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        begun = System.nanoTime();
        if (test.isTest()) {
            System.out.println("begun " + name(test));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        System.out.println("skipped " + name(test) + ": " + reason);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
            result.getThrowable().ifPresent(failure -> failure.printStackTrace(System.out));
            System.out.println("failed " + name(test));
        } else if (test.isTest()) {
            System.out.println("passed " + name(test));
        }
        if (test.isTest()) {
            System.out.printf("(%d ms)%n", (System.nanoTime() - begun) / 1_000_000);
        }
    }

    private static String name(TestIdentifier test) {
        String container =
                test.getParentIdObject()
                        .map(parent -> parent.getLastSegment().getValue())
                        .map(parent -> parent.substring(parent.lastIndexOf('.') + 1))
                        .orElse("");
        boolean method = test.getSource().filter(MethodSource.class::isInstance).isPresent();
        return method ? container + " " + test.getDisplayName() : test.getDisplayName();
    }
}
