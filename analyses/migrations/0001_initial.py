from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.lookups
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('ena', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            (Path(__file__).parent / "sql" / "accessions_text.sql").read_text(),
            "DROP FUNCTION accessions_text(text[])",
        ),
        migrations.CreateModel(
            name='ListCount',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('count', models.BigIntegerField()),
                ('is_estimate', models.BooleanField(default=False)),
                ('counted_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='RevokedToken',
            fields=[
                ('jti', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('refresh_exp', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ena_accessions', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, db_default=[], default=list, size=None)),
                ('inferred_metadata', models.JSONField(blank=True, db_default={}, default=dict)),
                ('own_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], db_default=0, default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('study_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')])),
                ('sample_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')])),
                ('visibility', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Greatest('own_visibility', 'study_visibility', 'sample_visibility'), output_field=models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')]))),
                ('first_accession', models.TextField()),
                ('absent_since', models.DateTimeField(blank=True, null=True)),
                ('metadata', models.JSONField(blank=True, db_default={}, default=dict)),
                ('experiment_type', models.CharField(choices=[('METAT', 'Metatranscriptomic'), ('METAG', 'Metagenomic'), ('AMPLI', 'Amplicon'), ('ASSEM', 'Assembly'), ('HYASS', 'Hybrid assembly'), ('LRASS', 'Long-read assembly'), ('METAB', 'Metabarcoding'), ('UNKNO', 'Unknown')], db_default='UNKNO', default='UNKNO', max_length=5)),
                ('instrument_platform', models.TextField(blank=True, null=True)),
                ('instrument_model', models.TextField(blank=True, null=True)),
                ('library_strategy', models.TextField(blank=True, null=True)),
                ('library_source', models.TextField(blank=True, null=True)),
                ('library_layout', models.TextField(blank=True, null=True)),
                ('scientific_name', models.TextField(blank=True, null=True)),
                ('fastq_files', models.JSONField(blank=True, db_default=[], default=list)),
            ],
        ),
        migrations.CreateModel(
            name='Assembler',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField(choices=[('metaspades', 'Metaspades'), ('megahit', 'Megahit'), ('spades', 'Spades'), ('flye', 'Flye')])),
                ('version', models.TextField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('name', 'version'), name='analyses_assembler_name_version'), models.CheckConstraint(condition=models.Q(('name__in', ['metaspades', 'megahit', 'spades', 'flye'])), name='analyses_assembler_name')],
            },
        ),
        migrations.CreateModel(
            name='Assembly',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ena_accessions', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, db_default=[], default=list, size=None)),
                ('first_accession', models.TextField(blank=True, null=True)),
                ('inferred_metadata', models.JSONField(blank=True, db_default={}, default=dict)),
                ('own_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], db_default=0, default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('origin', models.TextField(choices=[('mgnify', 'Mgnify'), ('ena', 'Ena')], db_default='mgnify', default='mgnify')),
                ('reads_study_visibility', models.SmallIntegerField(blank=True, choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], null=True)),
                ('assembly_study_visibility', models.SmallIntegerField(blank=True, choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], null=True)),
                ('sample_visibility', models.SmallIntegerField(blank=True, choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], null=True)),
                ('runs_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], db_default=0, default=0)),
                ('visibility', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Greatest('own_visibility', 'reads_study_visibility', 'assembly_study_visibility', 'sample_visibility', 'runs_visibility'), output_field=models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')]))),
                ('absent_since', models.DateTimeField(blank=True, null=True)),
                ('runs_key', models.CharField(blank=True, max_length=40, null=True)),
                ('dir', models.TextField(blank=True, null=True)),
                ('external_results_dir', models.TextField(blank=True, null=True)),
                ('results_area', models.TextField(choices=[('none', 'None'), ('private', 'Private'), ('public', 'Public')], db_default='none', default='none')),
                ('metadata', models.JSONField(blank=True, db_default={}, default=dict)),
                ('state', models.TextField(choices=[('external', 'External'), ('planned', 'Planned'), ('blocked', 'Blocked'), ('metadata_rejected', 'Metadata Rejected'), ('data_rejected', 'Data Rejected'), ('running', 'Running'), ('pre_qc_failed', 'Pre Qc Failed'), ('failed', 'Failed'), ('completed', 'Completed'), ('post_qc_failed', 'Post Qc Failed'), ('uploading', 'Uploading'), ('upload_failed', 'Upload Failed'), ('upload_blocked', 'Upload Blocked'), ('uploaded', 'Uploaded')], db_default='planned', default='planned', editable=False)),
                ('assembler', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assemblies', to='analyses.assembler')),
            ],
            options={
                'verbose_name_plural': 'assemblies',
            },
        ),
        migrations.CreateModel(
            name='Biome',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lineage', models.TextField()),
                ('biome_name', models.GeneratedField(db_persist=True, expression=models.Func(models.F('lineage'), template="regexp_replace(%(expressions)s, '^.*:', '')"), output_field=models.TextField())),
                ('path', models.GeneratedField(db_persist=True, expression=models.Func(models.F('lineage'), template='regexp_replace(btrim(replace(translate(lower(regexp_replace(%(expressions)s, \'[^\\x01-\\x7F]\', \'\', \'g\') COLLATE "C"), \': ()-\', \'.____\'), \'__\', \'_\'), \'_.\'), \'[^a-z0-9._]\', \'\', \'g\')'), output_field=models.TextField())),
                ('depth', models.GeneratedField(db_persist=True, expression=models.Func(models.F('lineage'), template="cardinality(string_to_array(%(expressions)s, ':'))::smallint"), output_field=models.SmallIntegerField())),
            ],
            options={
                'indexes': [models.Index(fields=['path'], name='analyses_biome_below', opclasses=['text_pattern_ops'])],
                'constraints': [models.UniqueConstraint(fields=('lineage',), name='analyses_biome_lineage'), models.UniqueConstraint(fields=('path',), name='analyses_biome_path'), models.CheckConstraint(condition=models.Q(('lineage', 'root'), ('lineage__startswith', 'root:'), _connector='OR'), name='analyses_biome_under_root')],
            },
        ),
        migrations.CreateModel(
            name='AssemblyRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')])),
                ('position', models.PositiveSmallIntegerField()),
                ('assembly', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='run_links', to='analyses.assembly')),
                ('run', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assembly_links', to='analyses.run')),
            ],
        ),
        migrations.AddField(
            model_name='assembly',
            name='runs',
            field=models.ManyToManyField(related_name='assemblies', through='analyses.AssemblyRun', to='analyses.run'),
        ),
        migrations.CreateModel(
            name='Accession',
            fields=[
                ('accession', models.TextField(primary_key=True, serialize=False)),
                ('is_primary', models.BooleanField(db_default=False, default=False)),
                ('assembly', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='analyses.assembly')),
                ('run', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='analyses.run')),
            ],
        ),
        migrations.CreateModel(
            name='Sample',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ena_accessions', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, db_default=[], default=list, size=None)),
                ('first_accession', models.TextField(blank=True, null=True)),
                ('inferred_metadata', models.JSONField(blank=True, db_default={}, default=dict)),
                ('own_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], db_default=0, default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('studies_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], db_default=2, default=2)),
                ('visibility', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Greatest('own_visibility', 'studies_visibility'), output_field=models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')]))),
                ('absent_since', models.DateTimeField(blank=True, null=True)),
                ('sample_title', models.TextField(blank=True, null=True)),
                ('search_text', models.GeneratedField(db_persist=True, expression=models.Func(models.F('sample_title'), template="lower(coalesce(%(expressions)s, '') || ' ' || accessions_text(ena_accessions))"), output_field=models.TextField())),
                ('biome', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='samples', to='analyses.biome')),
                ('ena_sample', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='mgnify_sample', to='ena.sample')),
            ],
        ),
        migrations.AddField(
            model_name='run',
            name='sample',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='analyses.sample'),
        ),
        migrations.AddField(
            model_name='assembly',
            name='sample',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assemblies', to='analyses.sample'),
        ),
        migrations.CreateModel(
            name='Analysis',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('accession', models.GeneratedField(db_persist=True, expression=models.Func(models.F('id'), template="('MGYA' || lpad(%(expressions)s::text, greatest(8, length(%(expressions)s::text)), '0'))"), output_field=models.TextField())),
                ('study_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')])),
                ('run_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], null=True)),
                ('assembly_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], null=True)),
                ('own_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], db_default=0, default=0)),
                ('visibility', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Greatest('own_visibility', 'study_visibility', 'run_visibility', 'assembly_visibility'), output_field=models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')]))),
                ('pipeline_version', models.CharField(choices=[('V1', 'V1'), ('V2', 'V2'), ('V3', 'V3'), ('V4', 'V4'), ('V4.1', 'V4 1'), ('V5', 'V5'), ('V6', 'V6'), ('V6.1', 'V6 1')], max_length=5)),
                ('experiment_type', models.CharField(choices=[('METAT', 'Metatranscriptomic'), ('METAG', 'Metagenomic'), ('AMPLI', 'Amplicon'), ('ASSEM', 'Assembly'), ('HYASS', 'Hybrid assembly'), ('LRASS', 'Long-read assembly'), ('METAB', 'Metabarcoding'), ('UNKNO', 'Unknown')], max_length=5)),
                ('state', models.TextField(choices=[('planned', 'Planned'), ('blocked', 'Blocked'), ('running', 'Running'), ('completed', 'Completed'), ('qc_failed', 'Qc Failed'), ('failed', 'Failed'), ('check_failed', 'Check Failed'), ('imported', 'Imported'), ('published', 'Published')], db_default='planned', default='planned', editable=False)),
                ('is_ready', models.GeneratedField(db_persist=True, expression=models.Func(models.F('state'), template="(%(expressions)s = 'published')"), output_field=models.BooleanField())),
                ('quality_control', models.JSONField(blank=True, db_default={}, default=dict)),
                ('metadata', models.JSONField(blank=True, db_default={}, default=dict)),
                ('results_dir', models.TextField(blank=True, null=True)),
                ('external_results_dir', models.TextField(blank=True, null=True)),
                ('results_area', models.TextField(choices=[('none', 'None'), ('private', 'Private'), ('public', 'Public')], db_default='none', default='none')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('superseded_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='supersedes', to='analyses.analysis')),
                ('assembly', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='analyses', to='analyses.assembly')),
                ('run', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='analyses', to='analyses.run')),
                ('sample', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='analyses', to='analyses.sample')),
            ],
            options={
                'verbose_name_plural': 'analyses',
            },
        ),
        migrations.CreateModel(
            name='SampleRelation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('relation_type', models.TextField(choices=[('derived_from', 'Derived From'), ('same_as', 'Same As'), ('symbiont_of', 'Symbiont Of'), ('composed_of', 'Composed Of')])),
                ('declaring_sample', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='relations', to='analyses.sample')),
                ('related_sample', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='related_from', to='analyses.sample')),
            ],
        ),
        migrations.CreateModel(
            name='Study',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ena_accessions', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, db_default=[], default=list, size=None)),
                ('first_accession', models.TextField(blank=True, null=True)),
                ('inferred_metadata', models.JSONField(blank=True, db_default={}, default=dict)),
                ('own_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], db_default=0, default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('accession', models.GeneratedField(db_persist=True, expression=models.Func(models.F('id'), template="('MGYS' || lpad(%(expressions)s::text, greatest(8, length(%(expressions)s::text)), '0'))"), output_field=models.TextField())),
                ('ena_visibility', models.SmallIntegerField(blank=True, choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')], null=True)),
                ('visibility', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Greatest('own_visibility', 'ena_visibility'), output_field=models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')]))),
                ('title', models.CharField(blank=True, db_default='', default='', max_length=4000)),
                ('title_is_curated', models.BooleanField(db_default=False, default=False)),
                ('results_dir', models.TextField(blank=True, null=True)),
                ('external_results_dir', models.TextField(blank=True, null=True)),
                ('results_area', models.TextField(choices=[('none', 'None'), ('private', 'Private'), ('public', 'Public')], db_default='none', default='none')),
                ('search_text', models.GeneratedField(db_persist=True, expression=models.Func(models.F('title'), template="lower(coalesce(%(expressions)s, '') || ' ' || accessions_text(ena_accessions))"), output_field=models.TextField())),
                ('biome', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='studies', to='analyses.biome')),
                ('ena_study', models.OneToOneField(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mgnify_study', to='ena.study')),
                ('merged_into', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged_from', to='analyses.study')),
                ('reads_study', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assembly_studies', to='analyses.study')),
            ],
            options={
                'verbose_name_plural': 'studies',
                'permissions': [('view_private', 'Can see private studies and what belongs to them')],
            },
        ),
        migrations.CreateModel(
            name='SampleStudy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('study_visibility', models.SmallIntegerField(choices=[(0, 'public'), (1, 'private'), (2, 'suppressed')])),
                ('sample', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='study_links', to='analyses.sample')),
                ('study', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sample_links', to='analyses.study')),
            ],
            options={
                'verbose_name_plural': 'sample studies',
            },
        ),
        migrations.AddField(
            model_name='sample',
            name='studies',
            field=models.ManyToManyField(related_name='samples', through='analyses.SampleStudy', to='analyses.study'),
        ),
        migrations.AddField(
            model_name='run',
            name='study',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='analyses.study'),
        ),
        migrations.CreateModel(
            name='Download',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('position', models.IntegerField()),
                ('path', models.TextField(blank=True, null=True)),
                ('external_url', models.TextField(blank=True, null=True)),
                ('alias', models.CharField(max_length=255)),
                ('file_type', models.TextField(choices=[('fasta', 'Fasta'), ('tsv', 'Tsv'), ('biom', 'Biom'), ('csv', 'Csv'), ('json', 'Json'), ('svg', 'Svg'), ('tree', 'Tree'), ('html', 'Html'), ('gff', 'Gff'), ('other', 'Other')])),
                ('download_type', models.TextField(choices=[('Coding Sequences', 'Coding Sequences'), ('Sequence data', 'Sequence data'), ('Quality control', 'Quality control'), ('Functional analysis', 'Functional analysis'), ('Taxonomic analysis', 'Taxonomic analysis'), ('Statistics', 'Statistics'), ('non-coding RNAs', 'non-coding RNAs'), ('Genome analysis', 'Genome analysis'), ('Analysis RO Crate', 'Analysis RO Crate'), ('Other', 'Other')])),
                ('download_group', models.TextField()),
                ('short_description', models.TextField(blank=True, default='')),
                ('long_description', models.TextField(blank=True, default='')),
                ('size_bytes', models.BigIntegerField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64, null=True)),
                ('md5', models.CharField(blank=True, max_length=32, null=True)),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('index_files', models.JSONField(blank=True, db_default=[], default=list)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('analysis', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='downloads', to='analyses.analysis')),
                ('superseded_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='supersedes', to='analyses.download')),
                ('study', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='downloads', to='analyses.study')),
            ],
        ),
        migrations.AddField(
            model_name='assembly',
            name='assembly_study',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assemblies', to='analyses.study'),
        ),
        migrations.AddField(
            model_name='assembly',
            name='reads_study',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assemblies_of_reads', to='analyses.study'),
        ),
        migrations.AddField(
            model_name='analysis',
            name='study',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='analyses', to='analyses.study'),
        ),
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.TextField(choices=[('ena_study', 'Ena Study'), ('study', 'Study'), ('sample', 'Sample'), ('run', 'Run'), ('assembly', 'Assembly'), ('analysis', 'Analysis')])),
                ('accession', models.TextField()),
                ('cause', models.TextField(choices=[('suppressed', 'Suppressed'), ('made_private', 'Made Private'), ('reset', 'Reset'), ('merged', 'Merged')])),
                ('withdrawn_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'indexes': [models.Index(fields=['withdrawn_at', 'id'], name='withdrawal_since')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['ena_study', 'study', 'sample', 'run', 'assembly', 'analysis'])), name='analyses_withdrawal_kind'), models.CheckConstraint(condition=models.Q(('cause__in', ['suppressed', 'made_private', 'reset', 'merged'])), name='analyses_withdrawal_cause')],
            },
        ),
        migrations.CreateModel(
            name='AnalysisEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason_code', models.TextField(null=True)),
                ('note', models.TextField(db_default='', default='')),
                ('actor', models.TextField()),
                ('flow_run_id', models.UUIDField(null=True)),
                ('cluster_job_id', models.UUIDField(null=True)),
                ('evidence', models.JSONField(db_default={}, default=dict)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('from_state', models.TextField(choices=[('planned', 'Planned'), ('blocked', 'Blocked'), ('running', 'Running'), ('completed', 'Completed'), ('qc_failed', 'Qc Failed'), ('failed', 'Failed'), ('check_failed', 'Check Failed'), ('imported', 'Imported'), ('published', 'Published')], null=True)),
                ('to_state', models.TextField(choices=[('planned', 'Planned'), ('blocked', 'Blocked'), ('running', 'Running'), ('completed', 'Completed'), ('qc_failed', 'Qc Failed'), ('failed', 'Failed'), ('check_failed', 'Check Failed'), ('imported', 'Imported'), ('published', 'Published')])),
                ('analysis', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='analyses.analysis')),
            ],
            options={
                'indexes': [models.Index(fields=['analysis', 'id'], name='analysisevent_of_analysis')],
                'constraints': [models.CheckConstraint(condition=models.Q(('from_state__in', ['planned', 'blocked', 'running', 'completed', 'qc_failed', 'failed', 'check_failed', 'imported', 'published'])), name='analyses_analysisevent_from'), models.CheckConstraint(condition=models.Q(('to_state__in', ['planned', 'blocked', 'running', 'completed', 'qc_failed', 'failed', 'check_failed', 'imported', 'published'])), name='analyses_analysisevent_to'), models.CheckConstraint(condition=models.Q(('reason_code__in', ['seqfu_fail', 'sfxhd_fail', 'libstrat_fail', 'no_reads', 'missing_in_report', 'pipeline_failed', 'out_of_memory', 'timeout', 'node_failure', 'cancelled', 'outputs_invalid', 'import_error', 'copy_unverified', 'superseded', 'curator', 'no_fastq', 'lists_differ', 'second_mate_only', 'mate_missing']), ('reason_code__isnull', True), ('to_state__in', ['completed', 'qc_failed']), _connector='OR'), name='analyses_analysisevent_reason'), models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('evidence'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_analysisevent_evidence_object')],
            },
        ),
        migrations.CreateModel(
            name='AnnotationSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.TextField()),
                ('records', models.JSONField(default=list)),
                ('record_count', models.IntegerField()),
                ('count_total', models.BigIntegerField()),
                ('checksum', models.TextField()),
                ('imported_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('analysis', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='annotation_sets', to='analyses.analysis')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('analysis', 'source'), name='analyses_annotationset_source'), models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('records'), function='jsonb_typeof', output_field=models.TextField()), models.Value('array')), name='analyses_annotationset_records_array')],
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('token_hash', models.CharField(max_length=64)),
                ('prefix', models.CharField(max_length=8)),
                ('owner_webin', models.CharField(blank=True, max_length=25, null=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), default=list, size=None)),
                ('expires_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('token_hash',), name='analyses_apitoken_hash'), models.CheckConstraint(condition=models.Q(models.Q(('owner_webin__isnull', False), ('user__isnull', True)), models.Q(('owner_webin__isnull', True), ('user__isnull', False)), _connector='OR'), name='analyses_apitoken_one_holder')],
            },
        ),
        migrations.CreateModel(
            name='AssemblyEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason_code', models.TextField(null=True)),
                ('note', models.TextField(db_default='', default='')),
                ('actor', models.TextField()),
                ('flow_run_id', models.UUIDField(null=True)),
                ('cluster_job_id', models.UUIDField(null=True)),
                ('evidence', models.JSONField(db_default={}, default=dict)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('from_state', models.TextField(choices=[('external', 'External'), ('planned', 'Planned'), ('blocked', 'Blocked'), ('metadata_rejected', 'Metadata Rejected'), ('data_rejected', 'Data Rejected'), ('running', 'Running'), ('pre_qc_failed', 'Pre Qc Failed'), ('failed', 'Failed'), ('completed', 'Completed'), ('post_qc_failed', 'Post Qc Failed'), ('uploading', 'Uploading'), ('upload_failed', 'Upload Failed'), ('upload_blocked', 'Upload Blocked'), ('uploaded', 'Uploaded')], null=True)),
                ('to_state', models.TextField(choices=[('external', 'External'), ('planned', 'Planned'), ('blocked', 'Blocked'), ('metadata_rejected', 'Metadata Rejected'), ('data_rejected', 'Data Rejected'), ('running', 'Running'), ('pre_qc_failed', 'Pre Qc Failed'), ('failed', 'Failed'), ('completed', 'Completed'), ('post_qc_failed', 'Post Qc Failed'), ('uploading', 'Uploading'), ('upload_failed', 'Upload Failed'), ('upload_blocked', 'Upload Blocked'), ('uploaded', 'Uploaded')])),
                ('assembly', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='analyses.assembly')),
            ],
            options={
                'indexes': [models.Index(fields=['assembly', 'id'], name='assemblyevent_of_assembly')],
                'constraints': [models.CheckConstraint(condition=models.Q(('from_state__in', ['external', 'planned', 'blocked', 'metadata_rejected', 'data_rejected', 'running', 'pre_qc_failed', 'failed', 'completed', 'post_qc_failed', 'uploading', 'upload_failed', 'upload_blocked', 'uploaded'])), name='analyses_assemblyevent_from'), models.CheckConstraint(condition=models.Q(('to_state__in', ['external', 'planned', 'blocked', 'metadata_rejected', 'data_rejected', 'running', 'pre_qc_failed', 'failed', 'completed', 'post_qc_failed', 'uploading', 'upload_failed', 'upload_blocked', 'uploaded'])), name='analyses_assemblyevent_to'), models.CheckConstraint(condition=models.Q(('reason_code__in', ['seqfu_fail', 'sfxhd_fail', 'libstrat_fail', 'no_reads', 'missing_in_report', 'pipeline_failed', 'out_of_memory', 'timeout', 'node_failure', 'cancelled', 'outputs_invalid', 'import_error', 'copy_unverified', 'superseded', 'curator', 'no_fastq', 'lists_differ', 'second_mate_only', 'mate_missing']), ('reason_code__isnull', True), ('to_state__in', ['completed', 'pre_qc_failed', 'post_qc_failed']), _connector='OR'), name='analyses_assemblyevent_reason'), models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('evidence'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_assemblyevent_evidence_object')],
            },
        ),
        migrations.AddIndex(
            model_name='assemblyrun',
            index=models.Index(fields=['run'], name='assemblyrun_of_run'),
        ),
        migrations.AddConstraint(
            model_name='assemblyrun',
            constraint=models.UniqueConstraint(fields=('assembly', 'run'), name='analyses_assemblyrun_pair'),
        ),
        migrations.AddConstraint(
            model_name='assemblyrun',
            constraint=models.UniqueConstraint(fields=('assembly', 'position'), name='analyses_assemblyrun_position'),
        ),
        migrations.AddConstraint(
            model_name='accession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('assembly__isnull', False), ('run__isnull', True)), models.Q(('assembly__isnull', True), ('run__isnull', False)), _connector='OR'), name='analyses_accession_of_one_object'),
        ),
        migrations.AddConstraint(
            model_name='accession',
            constraint=models.UniqueConstraint(condition=models.Q(('is_primary', True)), fields=('run',), name='analyses_accession_run_primary'),
        ),
        migrations.AddConstraint(
            model_name='accession',
            constraint=models.UniqueConstraint(condition=models.Q(('is_primary', True)), fields=('assembly',), name='analyses_accession_assembly_primary'),
        ),
        migrations.AddConstraint(
            model_name='samplerelation',
            constraint=models.UniqueConstraint(fields=('declaring_sample', 'related_sample'), name='analyses_samplerelation_pair'),
        ),
        migrations.AddConstraint(
            model_name='samplerelation',
            constraint=models.CheckConstraint(condition=models.Q(('declaring_sample', models.F('related_sample')), _negated=True), name='analyses_samplerelation_not_itself'),
        ),
        migrations.AddConstraint(
            model_name='samplerelation',
            constraint=models.CheckConstraint(condition=models.Q(('relation_type__in', ['derived_from', 'same_as', 'symbiont_of', 'composed_of'])), name='analyses_samplerelation_type'),
        ),
        migrations.AddIndex(
            model_name='study',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['id'], name='study_public'),
        ),
        migrations.AddIndex(
            model_name='study',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['-updated_at', '-id'], name='study_public_updated'),
        ),
        migrations.AddIndex(
            model_name='study',
            index=models.Index(condition=models.Q(models.Q(('results_area', 'public'), ('visibility__gt', 0)), models.Q(('results_area', 'private'), ('visibility', 0)), _connector='OR'), fields=['id'], name='study_misplaced'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.UniqueConstraint(fields=('accession',), name='analyses_study_accession'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.UniqueConstraint(fields=('first_accession',), name='analyses_study_first_accession'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.UniqueConstraint(fields=('id', 'visibility'), name='analyses_study_id_visibility'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('own_visibility__in', [0, 1, 2])), name='analyses_study_own_level'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('ena_study__isnull', False), ('own_visibility__gte', 1), _connector='OR'), name='analyses_study_without_ena_is_not_public'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), ('own_visibility', 2), _connector='OR'), name='analyses_study_merged_is_hidden'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('results_area__in', ['none', 'private', 'public'])), name='analyses_study_results_area'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('external_results_dir__regex', '^/|\\.\\.|//|[[:cntrl:]]'), _negated=True), name='analyses_study_results_inside'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('inferred_metadata'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_study_inferred_object'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('first_accession__isnull', True), ('ena_accessions__contains', [models.F('first_accession')]), _connector='OR'), name='analyses_study_accessions_first_is_listed'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(django.db.models.lookups.Exact(models.F('ena_accessions'), models.Func(models.Func(models.F('ena_accessions'), function='accessions_text', output_field=models.TextField()), output_field=models.TextField(), template="string_to_array(%(expressions)s, ' ')")), models.Func(models.Func(models.F('ena_accessions'), function='accessions_text', output_field=models.TextField()), output_field=models.BooleanField(), template="(%(expressions)s !~ '[;[:cntrl:]]')")), name='analyses_study_accessions_clean'),
        ),
        migrations.AddIndex(
            model_name='samplestudy',
            index=models.Index(fields=['study', 'sample'], name='samplestudy_of_study'),
        ),
        migrations.AddConstraint(
            model_name='samplestudy',
            constraint=models.UniqueConstraint(fields=('sample', 'study'), name='analyses_samplestudy_pair'),
        ),
        migrations.AddIndex(
            model_name='sample',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['id'], name='sample_public'),
        ),
        migrations.AddIndex(
            model_name='sample',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['-updated_at', '-id'], name='sample_public_updated'),
        ),
        migrations.AddIndex(
            model_name='sample',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['sample_title', 'id'], name='sample_public_title'),
        ),
        migrations.AddIndex(
            model_name='sample',
            index=models.Index(models.OrderBy(models.F('sample_title'), descending=True, nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('visibility', 0)), name='sample_public_title_desc'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.UniqueConstraint(fields=('first_accession',), name='analyses_sample_first_accession'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.UniqueConstraint(fields=('id', 'own_visibility'), name='analyses_sample_id_own_visibility'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.CheckConstraint(condition=models.Q(('own_visibility__in', [0, 2])), name='analyses_sample_own_level'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('inferred_metadata'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_sample_inferred_object'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.CheckConstraint(condition=models.Q(('first_accession__isnull', True), ('ena_accessions__contains', [models.F('first_accession')]), _connector='OR'), name='analyses_sample_accessions_first_is_listed'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.CheckConstraint(condition=models.Q(django.db.models.lookups.Exact(models.F('ena_accessions'), models.Func(models.Func(models.F('ena_accessions'), function='accessions_text', output_field=models.TextField()), output_field=models.TextField(), template="string_to_array(%(expressions)s, ' ')")), models.Func(models.Func(models.F('ena_accessions'), function='accessions_text', output_field=models.TextField()), output_field=models.BooleanField(), template="(%(expressions)s !~ '[;[:cntrl:]]')")), name='analyses_sample_accessions_clean'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['study', 'id'], name='run_of_study'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['sample', 'id'], name='run_of_sample'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['id'], name='run_public'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['-updated_at', '-id'], name='run_public_updated'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['experiment_type', 'id'], name='run_public_type'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['instrument_platform', 'id'], name='run_public_platform'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(fields=('first_accession',), name='analyses_run_first_accession'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(fields=('id', 'visibility'), name='analyses_run_id_visibility'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('own_visibility__in', [0, 2])), name='analyses_run_own_level'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('experiment_type__in', ['METAT', 'METAG', 'AMPLI', 'ASSEM', 'HYASS', 'LRASS', 'METAB', 'UNKNO'])), name='analyses_run_experiment_type'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('metadata'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_run_metadata_object'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('inferred_metadata'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_run_inferred_object'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('fastq_files'), function='jsonb_typeof', output_field=models.TextField()), models.Value('array')), name='analyses_run_fastq_array'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('first_accession__isnull', True), ('ena_accessions__contains', [models.F('first_accession')]), _connector='OR'), name='analyses_run_accessions_first_is_listed'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(django.db.models.lookups.Exact(models.F('ena_accessions'), models.Func(models.Func(models.F('ena_accessions'), function='accessions_text', output_field=models.TextField()), output_field=models.TextField(), template="string_to_array(%(expressions)s, ' ')")), models.Func(models.Func(models.F('ena_accessions'), function='accessions_text', output_field=models.TextField()), output_field=models.BooleanField(), template="(%(expressions)s !~ '[;[:cntrl:]]')")), name='analyses_run_accessions_clean'),
        ),
        migrations.AddIndex(
            model_name='download',
            index=models.Index(fields=['analysis', 'position'], name='download_of_analysis'),
        ),
        migrations.AddIndex(
            model_name='download',
            index=models.Index(fields=['study', 'position'], name='download_of_study'),
        ),
        migrations.AddIndex(
            model_name='download',
            index=models.Index(condition=models.Q(('superseded_by__isnull', False)), fields=['superseded_by'], name='download_superseded'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=models.Q(('analysis__isnull', True), ('study__isnull', True), _connector='OR'), name='analyses_download_one_parent'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('external_url__isnull', True), ('path__isnull', False)), models.Q(('external_url__isnull', False), ('path__isnull', True)), _connector='OR'), name='analyses_download_one_place'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_by__isnull', True)), fields=('analysis', 'alias'), name='analyses_download_alias'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_by__isnull', True)), fields=('study', 'alias'), name='analyses_download_study_alias'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__isnull', True), models.Q(('md5__isnull', False), ('size_bytes__isnull', False), ('verified_at__isnull', False)), _connector='OR'), name='analyses_download_digest_is_verified'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=models.Q(('superseded_by', models.F('id')), _negated=True), name='analyses_download_not_itself'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=models.Q(('file_type__in', ['fasta', 'tsv', 'biom', 'csv', 'json', 'svg', 'tree', 'html', 'gff', 'other'])), name='analyses_download_file_type'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=models.Q(('download_type__in', ['Coding Sequences', 'Sequence data', 'Quality control', 'Functional analysis', 'Taxonomic analysis', 'Statistics', 'non-coding RNAs', 'Genome analysis', 'Analysis RO Crate', 'Other'])), name='analyses_download_type'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=models.Q(('path__regex', '^/|\\.\\.|//|[[:cntrl:]]'), _negated=True), name='analyses_download_inside'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('index_files'), function='jsonb_typeof', output_field=models.TextField()), models.Value('array')), name='analyses_download_index_array'),
        ),
        migrations.AddIndex(
            model_name='assembly',
            index=models.Index(fields=['reads_study', 'id'], name='assembly_of_reads_study'),
        ),
        migrations.AddIndex(
            model_name='assembly',
            index=models.Index(fields=['assembly_study', 'id'], name='assembly_of_assembly_study'),
        ),
        migrations.AddIndex(
            model_name='assembly',
            index=models.Index(fields=['sample', 'id'], name='assembly_of_sample'),
        ),
        migrations.AddIndex(
            model_name='assembly',
            index=models.Index(fields=['assembler'], name='assembly_of_assembler'),
        ),
        migrations.AddIndex(
            model_name='assembly',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['id'], name='assembly_public'),
        ),
        migrations.AddIndex(
            model_name='assembly',
            index=models.Index(condition=models.Q(('visibility', 0)), fields=['-updated_at', '-id'], name='assembly_public_updated'),
        ),
        migrations.AddIndex(
            model_name='assembly',
            index=models.Index(condition=models.Q(models.Q(('results_area', 'public'), ('visibility__gt', 0)), models.Q(('results_area', 'private'), ('visibility', 0)), _connector='OR'), fields=['id'], name='assembly_misplaced'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.UniqueConstraint(fields=('first_accession',), name='analyses_assembly_first_accession'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.UniqueConstraint(fields=('id', 'visibility'), name='analyses_assembly_id_visibility'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.UniqueConstraint(condition=models.Q(('origin', 'mgnify')), fields=('reads_study', 'assembler', 'runs_key'), name='analyses_assembly_made_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(('reads_study__isnull', False), ('assembly_study__isnull', False), _connector='OR'), name='analyses_assembly_of_a_study'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'external'), _negated=True), ('origin', 'ena'), _connector='OR'), name='analyses_assembly_external_is_enas'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(('own_visibility__in', [0, 2])), name='analyses_assembly_own_level'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(('origin__in', ['mgnify', 'ena'])), name='analyses_assembly_origin'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['external', 'planned', 'blocked', 'metadata_rejected', 'data_rejected', 'running', 'pre_qc_failed', 'failed', 'completed', 'post_qc_failed', 'uploading', 'upload_failed', 'upload_blocked', 'uploaded'])), name='analyses_assembly_state'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(('results_area__in', ['none', 'private', 'public'])), name='analyses_assembly_results_area'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(('external_results_dir__regex', '^/|\\.\\.|//|[[:cntrl:]]'), _negated=True), name='analyses_assembly_results_inside'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('metadata'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_assembly_metadata_object'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('inferred_metadata'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_assembly_inferred_object'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(('first_accession__isnull', True), ('ena_accessions__contains', [models.F('first_accession')]), _connector='OR'), name='analyses_assembly_accessions_first_is_listed'),
        ),
        migrations.AddConstraint(
            model_name='assembly',
            constraint=models.CheckConstraint(condition=models.Q(django.db.models.lookups.Exact(models.F('ena_accessions'), models.Func(models.Func(models.F('ena_accessions'), function='accessions_text', output_field=models.TextField()), output_field=models.TextField(), template="string_to_array(%(expressions)s, ' ')")), models.Func(models.Func(models.F('ena_accessions'), function='accessions_text', output_field=models.TextField()), output_field=models.BooleanField(), template="(%(expressions)s !~ '[;[:cntrl:]]')")), name='analyses_assembly_accessions_clean'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(fields=['study', 'id'], name='analysis_of_study'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(fields=['run'], name='analysis_of_run'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(fields=['assembly'], name='analysis_of_assembly'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(condition=models.Q(('is_ready', True), ('visibility', 0)), fields=['id'], name='analysis_public'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(condition=models.Q(('is_ready', True), ('visibility', 0)), fields=['-updated_at', '-id'], name='analysis_public_updated'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(condition=models.Q(('is_ready', True), ('visibility', 0)), fields=['study', 'pipeline_version', 'id'], name='analysis_public_study'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(condition=models.Q(('is_ready', True), ('visibility', 0)), fields=['pipeline_version', 'id'], name='analysis_public_version'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(condition=models.Q(('is_ready', True), ('visibility', 0)), fields=['experiment_type', 'id'], name='analysis_public_type'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(condition=models.Q(models.Q(('results_area', 'public'), ('visibility__gt', 0)), models.Q(('results_area', 'private'), ('visibility', 0)), _connector='OR'), fields=['id'], name='analysis_misplaced'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.UniqueConstraint(fields=('accession',), name='analyses_analysis_accession'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('assembly__isnull', False), ('run__isnull', True)), models.Q(('assembly__isnull', True), ('run__isnull', False)), _connector='OR'), name='analyses_analysis_one_input'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_by__isnull', True)), fields=('run', 'pipeline_version'), name='analyses_analysis_run_version'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_by__isnull', True)), fields=('assembly', 'pipeline_version'), name='analyses_analysis_assembly_version'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=models.Q(('own_visibility__in', [0, 1, 2])), name='analyses_analysis_own_level'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=models.Q(('pipeline_version__in', ['V1', 'V2', 'V3', 'V4', 'V4.1', 'V5', 'V6', 'V6.1'])), name='analyses_analysis_version'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=models.Q(('experiment_type__in', ['METAT', 'METAG', 'AMPLI', 'ASSEM', 'HYASS', 'LRASS', 'METAB', 'UNKNO'])), name='analyses_analysis_experiment_type'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'blocked', 'running', 'completed', 'qc_failed', 'failed', 'check_failed', 'imported', 'published'])), name='analyses_analysis_state'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=models.Q(('results_area__in', ['none', 'private', 'public'])), name='analyses_analysis_results_area'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=models.Q(('external_results_dir__regex', '^/|\\.\\.|//|[[:cntrl:]]'), _negated=True), name='analyses_analysis_results_inside'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('quality_control'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_analysis_qc_object'),
        ),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('metadata'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_analysis_metadata_object'),
        ),
        migrations.CreateModel(
            name='Publication',
            fields=[
                ('pubmed_id', models.IntegerField(primary_key=True, serialize=False, verbose_name='PubMed id')),
                ('title', models.CharField(max_length=740)),
                ('published_year', models.SmallIntegerField(blank=True, null=True)),
                ('metadata', models.JSONField(blank=True, db_default={}, default=dict)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='SuperStudy',
            fields=[
                ('slug', models.SlugField(max_length=100, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=255)),
                ('description', models.TextField(blank=True, db_default='', default='')),
                ('logo', models.BinaryField(null=True)),
                ('logo_mimetype', models.TextField(choices=[('image/png', 'Png'), ('image/jpeg', 'Jpeg'), ('image/svg+xml', 'Svg')], null=True)),
                ('logo_sha256', models.CharField(max_length=64, null=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name_plural': 'super studies',
            },
        ),
        migrations.CreateModel(
            name='StudyPublication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='study_links', to='analyses.publication')),
                ('study', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='publication_links', to='analyses.study')),
            ],
        ),
        migrations.AddField(
            model_name='publication',
            name='studies',
            field=models.ManyToManyField(related_name='publications', through='analyses.StudyPublication', to='analyses.study'),
        ),
        migrations.CreateModel(
            name='StudyWatcher',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('study', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='watchers', to='analyses.study')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='studies_watching', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SuperStudyStudy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_flagship', models.BooleanField(db_default=True, default=True)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='super_study_links', to='analyses.study')),
                ('super_study', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='analyses.superstudy')),
            ],
        ),
        migrations.AddField(
            model_name='superstudy',
            name='studies',
            field=models.ManyToManyField(related_name='super_studies', through='analyses.SuperStudyStudy', to='analyses.study'),
        ),
        migrations.CreateModel(
            name='ComputeResourceHeuristic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('process', models.CharField(choices=[('ASSEM', 'Assembly')], default='ASSEM', max_length=5)),
                ('memory_gib', models.FloatField()),
                ('assembler', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='heuristics', to='analyses.assembler')),
                ('biome', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='heuristics', to='analyses.biome')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('biome', 'process', 'assembler'), name='analyses_computeresourceheuristic_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('memory_gib__gt', 0), ('memory_gib__lt', float("inf"))), name='analyses_computeresourceheuristic_memory'), models.CheckConstraint(condition=models.Q(('process__in', ['ASSEM'])), name='analyses_computeresourceheuristic_process')],
            },
        ),
        migrations.CreateModel(
            name='PublicationAnnotations',
            fields=[
                ('publication', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='annotations', serialize=False, to='analyses.publication')),
                ('payload', models.JSONField(null=True)),
                ('fetched_at', models.DateTimeField(null=True)),
                ('tried_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'publication annotations',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('fetched_at__isnull', True), ('payload__isnull', True)), models.Q(('fetched_at__isnull', False), ('payload__isnull', False)), _connector='OR'), name='analyses_publicationannotations_dated')],
            },
        ),
        migrations.AddConstraint(
            model_name='studypublication',
            constraint=models.UniqueConstraint(fields=('study', 'publication'), name='analyses_studypublication_pair'),
        ),
        migrations.AddIndex(
            model_name='publication',
            index=models.Index(fields=['published_year', 'pubmed_id'], name='publication_year'),
        ),
        migrations.AddIndex(
            model_name='publication',
            index=models.Index(fields=['updated_at', 'pubmed_id'], name='publication_updated'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.CheckConstraint(condition=models.Q(('pubmed_id__gt', 0)), name='analyses_publication_pubmed_id'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('metadata'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), name='analyses_publication_metadata_object'),
        ),
        migrations.AddConstraint(
            model_name='studywatcher',
            constraint=models.UniqueConstraint(fields=('study', 'user'), name='analyses_studywatcher_pair'),
        ),
        migrations.AddConstraint(
            model_name='superstudystudy',
            constraint=models.UniqueConstraint(fields=('super_study', 'study'), name='analyses_superstudystudy_pair'),
        ),
        migrations.AddConstraint(
            model_name='superstudy',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('logo', None), ('logo_mimetype', None), ('logo_sha256', None)), models.Q(('logo__isnull', False), ('logo_mimetype__in', ['image/png', 'image/jpeg', 'image/svg+xml']), ('logo_sha256__isnull', False)), _connector='OR'), name='analyses_superstudy_whole_logo'),
        ),
        migrations.AddConstraint(
            model_name='superstudy',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.LessThanOrEqual(models.Func(models.F('logo'), function='octet_length', output_field=models.IntegerField()), 524288), name='analyses_superstudy_small_logo'),
        ),
        migrations.CreateModel(
            name='AnalysisRequest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('requestor_webin', models.CharField(max_length=25)),
                ('request_key', models.CharField(blank=True, max_length=64, null=True)),
                ('study_accession', models.CharField(max_length=32)),
                ('analysis_type', models.CharField(max_length=500)),
                ('request_type', models.TextField(choices=[('Public', 'Public'), ('Private', 'Private')])),
                ('comments', models.CharField(blank=True, db_default='', default='', max_length=5000)),
                ('state', models.TextField(choices=[('received', 'Received'), ('accepted', 'Accepted'), ('rejected', 'Rejected'), ('mirrored', 'Mirrored'), ('in_progress', 'In Progress'), ('done', 'Done'), ('cancelled', 'Cancelled')], default='received')),
                ('ticket_sent_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('study', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='requests', to='analyses.study')),
            ],
        ),
        migrations.CreateModel(
            name='AnalysisRequestEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_state', models.TextField(choices=[('received', 'Received'), ('accepted', 'Accepted'), ('rejected', 'Rejected'), ('mirrored', 'Mirrored'), ('in_progress', 'In Progress'), ('done', 'Done'), ('cancelled', 'Cancelled')], null=True)),
                ('to_state', models.TextField(choices=[('received', 'Received'), ('accepted', 'Accepted'), ('rejected', 'Rejected'), ('mirrored', 'Mirrored'), ('in_progress', 'In Progress'), ('done', 'Done'), ('cancelled', 'Cancelled')])),
                ('note', models.TextField(db_default='', default='')),
                ('actor', models.TextField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='analyses.analysisrequest')),
            ],
        ),
        migrations.AddIndex(
            model_name='analysisrequest',
            index=models.Index(fields=['requestor_webin', '-created_at', 'id'], name='request_of_requestor'),
        ),
        migrations.AddConstraint(
            model_name='analysisrequest',
            constraint=models.UniqueConstraint(fields=('requestor_webin', 'request_key'), name='analyses_request_once'),
        ),
        migrations.AddConstraint(
            model_name='analysisrequest',
            constraint=models.CheckConstraint(condition=models.Q(('requestor_webin__regex', '^Webin-[0-9]+$')), name='analyses_request_requestor'),
        ),
        migrations.AddConstraint(
            model_name='analysisrequest',
            constraint=models.CheckConstraint(condition=models.Q(('request_type__in', ['Public', 'Private'])), name='analyses_request_type'),
        ),
        migrations.AddConstraint(
            model_name='analysisrequest',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['received', 'accepted', 'rejected', 'mirrored', 'in_progress', 'done', 'cancelled'])), name='analyses_request_state'),
        ),
        migrations.AddConstraint(
            model_name='analysisrequestevent',
            constraint=models.CheckConstraint(condition=models.Q(('from_state__in', ['received', 'accepted', 'rejected', 'mirrored', 'in_progress', 'done', 'cancelled'])), name='analyses_requestevent_from'),
        ),
        migrations.AddConstraint(
            model_name='analysisrequestevent',
            constraint=models.CheckConstraint(condition=models.Q(('to_state__in', ['received', 'accepted', 'rejected', 'mirrored', 'in_progress', 'done', 'cancelled'])), name='analyses_requestevent_to'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(condition=models.Q(('state', 'published'), _negated=True), fields=['state', 'id'], name='analysis_unpublished_state'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(fields=['pipeline_version', 'id'], name='analysis_version'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(fields=['experiment_type', 'id'], name='analysis_type'),
        ),
        migrations.AddIndex(
            model_name='analysis',
            index=models.Index(condition=models.Q(('own_visibility__gt', 0)), fields=['own_visibility', 'id'], name='analysis_hidden'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['experiment_type', 'id'], name='run_type'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('own_visibility__gt', 0)), fields=['own_visibility', 'id'], name='run_hidden'),
        ),
        migrations.AddIndex(
            model_name='sample',
            index=models.Index(condition=models.Q(('own_visibility__gt', 0)), fields=['own_visibility', 'id'], name='sample_hidden'),
        ),
        migrations.AddIndex(
            model_name='sample',
            index=models.Index(condition=models.Q(('studies_visibility__gt', 0)), fields=['studies_visibility', 'id'], name='sample_hidden_by_studies'),
        ),
    ]
