# Makes the database of a new Redmine: tables, default trackers, statuses and roles, then users and custom fields to work
# with. One program instead of three rake tasks, because each of them would start Rails anew.
#
# The keys of the users come from the environment, so that nobody has to ask for them.

ActiveRecord::Tasks::DatabaseTasks.migrate
ActiveRecord::Base.descendants.each(&:reset_column_information)
Redmine::DefaultData::Loader.load('en')

Setting.rest_api_enabled = '1'
Setting.notified_events = []

def key(user, value)
  Token.where(:user_id => user.id, :action => 'api').delete_all
  Token.create!(:user => user, :action => 'api').update_column(:value, value)
end

def user(login, first, last)
  user = User.new(:firstname => first, :lastname => last, :mail => "#{login}@example.com", :language => 'en')
  user.login = login
  user.password = SecureRandom.hex
  user.save!
  user
end

administrator = User.find_by!(:login => 'admin')
administrator.update_columns(:must_change_passwd => false, :language => 'en')
key(administrator, ENV.fetch('REDMINE_ADMINISTRATOR_KEY'))
key(user('boardbridge', 'Board', 'Bridge'), ENV.fetch('REDMINE_MEMBER_KEY'))
key(user('jane', 'Jane', 'Doe'), ENV.fetch('REDMINE_PERSON_KEY'))
user('otto', 'Otto', 'Müller')

def custom_field(name, format, more = {})
  everywhere = { :is_for_all => true, :is_filter => true, :tracker_ids => Tracker.pluck(:id) }
  IssueCustomField.create!({ :name => name, :field_format => format }.merge(everywhere).merge(more))
end

custom_field('Boardbridge', 'link', :is_for_all => false)  # each project says so itself
custom_field('Points', 'int')
custom_field('Effort', 'float')
custom_field('Risk', 'list', :possible_values => %w[low medium high])
custom_field('Labels', 'list', :possible_values => %w[net mail print], :multiple => true)
custom_field('Go-live', 'date')
custom_field('Approved', 'bool')
custom_field('Reviewer', 'user')
custom_field('Severity', 'list', :possible_values => %w[minor major], :tracker_ids => [Tracker.find_by!(:name => 'Bug').id])

# Somebody's first issue, where everybody sees it: a user who is no administrator learns of custom fields from issues.
project = Project.create!(:name => 'Welcome', :identifier => 'welcome')
project.trackers = Tracker.all
Issue.create!(
  :project => project, :tracker => Tracker.first, :author => administrator, :subject => 'Welcome to Redmine',
  :status => IssueStatus.first, :priority => IssuePriority.active.first
)
