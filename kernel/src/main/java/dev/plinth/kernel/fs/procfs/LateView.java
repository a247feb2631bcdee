package dev.plinth.kernel.fs.procfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A view of something that is not there yet: files of processes are made again before the processes
 * are. What it is of is found when it is first asked; if there is nothing by then, it was gone, and
 * answers as {@link ProcessView} says.
 */
@NotSaved("shows what is saved")
final class LateView implements InvocationHandler {
    private final Supplier<? extends Optional<?>> finder;

    /** What is behind the view; null until it was looked for. */
    private volatile Optional<?> found;

    private LateView(Supplier<? extends Optional<?>> finder) {
        this.finder = requireNonNull(finder, "finder is null");
    }

    /** A view of a type that is found late. */
    static <T> T of(Class<T> type, Supplier<Optional<T>> finder) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(), new Class<?>[] {type}, new LateView(finder)));
    }

    private Optional<?> found() {
        Optional<?> known = found;
        if (known == null) {
            known = finder.get();
            found = known;
        }
        return known;
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        Optional<?> target = found();
        if (target.isEmpty()) {
            return answerOfNobody(proxy, method, arguments);
        }
        try {
            return method.invoke(target.get(), arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    @SuppressWarnings("ReferenceEquality") // What is of nobody is equal to itself alone.
    private static Object answerOfNobody(Object proxy, Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "isThere" -> false;
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            case "toString" -> "gone";
            default -> throw ErrnoException.of(Errno.ESRCH);
        };
    }
}
