package io.tailrace.client.cli;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import picocli.CommandLine;

/** Makes the objects behind the commands, each with the session. */
final class CommandFactory implements CommandLine.IFactory {
  private final Session session;

  CommandFactory(Session session) {
    this.session = session;
  }

  @Override
  public <K> K create(Class<K> type) throws Exception {
    if (!type.getPackage().equals(CommandFactory.class.getPackage())) {
      return CommandLine.defaultFactory().create(type);
    }
    for (Constructor<?> constructor : type.getDeclaredConstructors()) {
      if (constructor.getParameterCount() == 1
          && constructor.getParameterTypes()[0] == Session.class) {
        try {
          return type.cast(constructor.newInstance(session));
        } catch (InvocationTargetException e) {
          throw new IllegalStateException(type + " cannot be made", e.getCause());
        }
      }
    }
    return CommandLine.defaultFactory().create(type);
  }
}
