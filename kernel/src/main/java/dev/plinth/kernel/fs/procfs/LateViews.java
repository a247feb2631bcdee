package dev.plinth.kernel.fs.procfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Views of what is not there yet: files of processes are made again before the processes are. What
 * they are of is found in the end of the restore, before a program runs that could end, and have
 * another one get its number. If there is nothing by then, it was gone, and the view answers as
 * {@link ProcessView} says.
 *
 * <p>The restoring thread adds views and has them find what they show; any thread uses them then.
 */
@NotSaved("shows what is saved")
final class LateViews {
    private List<LateView> views = new ArrayList<>();

    /**
     * One more view.
     *
     * @param type an interface
     * @param finder of what it shows; asked once
     */
    <T> T add(Class<T> type, Supplier<Optional<T>> finder) {
        LateView view = new LateView(finder);
        views.add(view);
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, view));
    }

    /** Has the views find what they show, unless they were asked before. */
    void find() {
        views.forEach(LateView::found);
        views = new ArrayList<>();
    }

    @NotSaved("shows what is saved")
    private static final class LateView implements InvocationHandler {
        private final Supplier<? extends Optional<?>> finder;

        /** What is behind the view; null until it was looked for. */
        private volatile Optional<?> found;

        LateView(Supplier<? extends Optional<?>> finder) {
            this.finder = requireNonNull(finder, "finder is null");
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
                default -> nothing(method.getReturnType());
            };
        }

        private static Object nothing(Class<?> type) {
            if (type == Optional.class) {
                return Optional.empty();
            }
            if (type == List.class) {
                return List.of();
            }
            throw ErrnoException.of(Errno.ESRCH);
        }
    }
}
