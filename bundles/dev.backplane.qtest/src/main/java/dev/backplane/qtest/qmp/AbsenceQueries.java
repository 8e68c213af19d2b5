package dev.backplane.qtest.qmp;

import java.util.List;

/** Questions about parts that no command line and no command can make: there are none of them. */
final class AbsenceQueries {
    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("query-block", arguments -> List.of(),
                QmpCommand.optional("flat", QmpCommand.JsonType.BOOLEAN)));
        catalog.add(QmpCommand.of("query-iothreads", arguments -> List.of()));
        catalog.add(QmpCommand.of("query-jobs", arguments -> List.of()));
    }
}
